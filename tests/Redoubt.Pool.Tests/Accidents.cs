namespace Redoubt.Pool.Tests;

/// <summary>What becomes of the file of a metadata volume, or of the pool's own journal, under a daemon that writes it.</summary>
internal static class Accidents
{
    /// <summary>What may become of it.</summary>
    public static TheoryData<string> All => [.. Acts.Keys];

    private static Dictionary<string, Action<string>> Acts { get; } = new()
    {
        ["removed"] = File.Delete,
        ["emptied"] = path => File.WriteAllBytes(path, []),
        ["cut"] = path => SetLength(path, 1 << 20),
        ["cut by a byte"] = path => SetLength(path, new FileInfo(path).Length - 1),
        ["garbage"] = path => Overwrite(path, file => RandomAccess.Write(file, [.. Enumerable.Repeat((byte)0x5a, 1 << 20)], 0)),
        ["zeros"] = path => Overwrite(path, file => RandomAccess.Write(file, new byte[1 << 20], 0)),
        ["a link in its place"] = path =>
        {
            File.Move(path, path + ".moved");
            File.CreateSymbolicLink(path, path + ".moved");
        },
        ["a folder in its place"] = path =>
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        },
        ["a copy of itself in its place"] = path =>
        {
            Copy(path, path + ".copy");
            File.Move(path + ".copy", path, overwrite: true);
        },
        ["the whole SR folder replaced by an empty one"] = path =>
        {
            Directory.Move(Path.GetDirectoryName(path)!, Path.GetDirectoryName(path)! + ".old");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        },
        ["the whole SR folder replaced by a copy"] = path =>
        {
            Directory.Move(Path.GetDirectoryName(path)!, Path.GetDirectoryName(path)! + ".old");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Copy(Path.Combine(Path.GetDirectoryName(path)! + ".old", Path.GetFileName(path)), path);
        },
    };

    /// <summary>Has it happen.</summary>
    public static void Befall(string path, string accident) => Acts[accident](path);

    private static void SetLength(string path, long length) => Overwrite(path, file => RandomAccess.SetLength(file, length));

    public static void Overwrite(string path, Action<Microsoft.Win32.SafeHandles.SafeFileHandle> act)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        act(file);
    }

    /// <summary>Copies what is not a hole.</summary>
    public static void Copy(string from, string to)
    {
        using var copy = System.Diagnostics.Process.Start("cp", ["--sparse=always", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
