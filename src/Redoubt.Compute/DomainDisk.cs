using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>One disk or CD drive of a domain (a plugged VBD).</summary>
public sealed record DomainDisk
{
    /// <summary>The slot, from 0 (<c>VBD.userdevice</c>); disks and CD drives share one numbering.</summary>
    public required int Device { get; init; }

    /// <summary>What is opened, with its format, which is never guessed; <see langword="null"/> for an empty CD drive.</summary>
    public required DiskSource? Source { get; init; }

    /// <summary>The guest cannot write; always so for a CD drive.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>A CD drive rather than a disk.</summary>
    public bool IsCdrom { get; init; }
}
