namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>What people have written, as it lies in the repository.</summary>
internal static class SourceFiles
{
    /// <summary>The folders with code, the product's first.</summary>
    public static readonly string[] Roots = ["src", "bench", "tests"];

    /// <summary>The files below a folder of the repository with one of these endings, by their path from the repository.</summary>
    public static IEnumerable<string> Below(string folder, params string[] endings) => Directory
        .EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Repository.Root, f))
        .Where(f => endings.Contains(Path.GetExtension(f)) && !f.Split('/').Any(p => p is "obj" or "bin" or "node_modules"))
        .Order(StringComparer.Ordinal);

    /// <summary>A file's text.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));
}
