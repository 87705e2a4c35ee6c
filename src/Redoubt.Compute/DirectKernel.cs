namespace Redoubt.Compute;

/// <summary>A kernel that the hypervisor loads itself, as <c>VM.PV_kernel</c>, <c>PV_ramdisk</c> and <c>PV_args</c> ask for.</summary>
public sealed record DirectKernel
{
    /// <summary>The kernel's path on the host.</summary>
    public required string KernelPath { get; init; }

    /// <summary>The initial ramdisk's path on the host; <see langword="null"/> for none.</summary>
    public string? InitrdPath { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string Arguments { get; init; } = "";
}
