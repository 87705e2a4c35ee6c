namespace Redoubt.Storage.Images;

/// <summary>One name in a directory of a file system.</summary>
/// <param name="Name">The name, as somebody else wrote it: to be checked before it becomes part of any path.</param>
/// <param name="Inode">The number of what it names.</param>
/// <param name="Kind">What it names.</param>
/// <param name="SizeBytes">The size of a file; 0 for what is none.</param>
public sealed record Ext3Entry(string Name, long Inode, Ext3Kind Kind, long SizeBytes);
