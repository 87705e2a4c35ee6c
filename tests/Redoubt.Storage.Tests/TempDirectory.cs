namespace Redoubt.Storage.Tests;

/// <summary>A directory that lasts as long as a test.</summary>
public sealed class TempDirectory : IDisposable
{
    public string FullPath { get; } = Directory.CreateTempSubdirectory("redoubt-storage-").FullName;

    public string In(params string[] parts) => Path.Combine([FullPath, .. parts]);

    public string NewDirectory(string name) => Directory.CreateDirectory(In(name)).FullName;

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
