namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>A type that is declared at the top of a file.</summary>
/// <param name="Name">Its name, without parameters.</param>
/// <param name="Project">The project.</param>
/// <param name="Folder">The folder in the project; nothing for its root.</param>
/// <param name="File">The file, from the repository.</param>
internal sealed record SourceType(string Name, string Project, string Folder, string File);
