namespace Redoubt.Storage.Mounted;

/// <summary>A file system that is to be mounted.</summary>
internal sealed record FileSystemMount
{
    /// <summary>What it is called in the names of directories: what is mounted under one name is mounted once.</summary>
    public required string Key { get; init; }

    /// <summary>The device or share, as <c>mount</c> takes it.</summary>
    public required string Source { get; init; }

    /// <summary>The type, as <c>mount</c> takes it.</summary>
    public required string Type { get; init; }

    /// <summary>Options that keep every byte of it as it is.</summary>
    public required string LookingOptions { get; init; }

    /// <summary>Options for working with it.</summary>
    public required string WorkingOptions { get; init; }

    /// <summary>The number of the failure to mount it.</summary>
    public int FailureNumber { get; init; } = SrFailure.SrUnavailable;

    /// <summary>What to do when it can't be mounted.</summary>
    public required string Advice { get; init; }
}
