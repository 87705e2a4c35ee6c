namespace Redoubt.Storage.Mounted;

/// <summary>A file system that is mounted.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Source">The device or share.</param>
/// <param name="IsReadOnly">Whether nothing can be written to it.</param>
internal sealed record MountedFileSystem(string Type, string Source, bool IsReadOnly);
