namespace Redoubt.Compute;

/// <summary>The boot of this machine.</summary>
internal static class MachineBoot
{
    /// <summary>The kernel's own identity of it, which no other boot has.</summary>
    public static string Id() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
