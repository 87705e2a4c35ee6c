using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What holds of a VM that was adopted: a domain of another libvirt of the host, which goes on living there. It is started as it is defined
/// there, and what it is made of is changed there. Where it is recovered it is a VM like any other. Pure.
/// </summary>
/// <remarks>
/// A genuine xapi opens our volumes, and refuses rows with columns that it does not know. So what libvirt calls it lies in two fields that
/// xapi has for snapshots and leaves empty in a VM, and that no client can set: the definition in <c>snapshot_metadata</c>, and where it
/// lives in <c>snapshot_info</c>.
/// </remarks>
internal static class AdoptedVm
{
    /// <summary>In <c>snapshot_info</c>: the libvirt.</summary>
    public const string Libvirt = "libvirt";

    /// <summary>In <c>snapshot_info</c>: the UUID of the host that has that libvirt.</summary>
    public const string Host = "libvirt-host";

    /// <summary>In <c>snapshot_info</c>: whether that libvirt started the domain with the host before it was adopted.</summary>
    public const string Autostart = "libvirt-autostart";

    /// <summary>In <c>snapshot_info</c>: that the domain has vanished there, once people have been told.</summary>
    public const string Gone = "libvirt-gone";

    private static readonly ImmutableHashSet<VmOperations> Possible =
    [
        VmOperations.Start, VmOperations.StartOn, VmOperations.Pause, VmOperations.Unpause, VmOperations.CleanShutdown,
        VmOperations.HardShutdown, VmOperations.Shutdown, VmOperations.CleanReboot, VmOperations.HardReboot, VmOperations.PowerStateReset,
    ];

    /// <summary>Whether a VM lives in a libvirt that it was adopted from.</summary>
    public static bool Is(VmRecord vm) => OriginOf(vm) is not null;

    /// <summary>That libvirt; null: the VM is one of the pool's own.</summary>
    public static string? OriginOf(VmRecord vm) =>
        !vm.IsASnapshot && vm.SnapshotInfo.GetValueOrDefault(Libvirt) is { Length: > 0 } origin ? origin : null;

    /// <summary>The UUID of the host that has it; null likewise.</summary>
    public static string? HostOf(VmRecord vm) => Is(vm) ? vm.SnapshotInfo.GetValueOrDefault(Host, "") : null;

    /// <summary>What it is defined as, or was where it comes from; null: it never was anything but a VM of a pool.</summary>
    public static string? DefinitionOf(VmRecord vm) =>
        vm.SnapshotMetadata.StartsWith("<domain", StringComparison.Ordinal) ? vm.SnapshotMetadata : null;

    /// <summary>What is known of a snapshot, without where a VM lives: that holds of one record alone.</summary>
    public static ImmutableSortedDictionary<string, string> WithoutOrigin(ImmutableSortedDictionary<string, string> info) =>
        info.RemoveRange([Libvirt, Host, Autostart, Gone]);

    /// <summary>
    /// Whether this can be done with a VM, wherever it lives. What a suspended guest is resumed by is checked device by device, and knows
    /// those of the pool's own guests only.
    /// </summary>
    public static bool Allows(VmRecord vm, VmOperations operation) =>
        Is(vm) ? Possible.Contains(operation)
            : operation is not (VmOperations.Suspend or VmOperations.Checkpoint or VmOperations.PoolMigrate or VmOperations.MigrateSend)
                || DefinitionOf(vm) is null;

    /// <summary>Checks that a VM is one of the pool's own, so that a change of what it is made of has an effect.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>.</exception>
    public static void RequireOwn(VmRecord vm, string what)
    {
        if (Is(vm))
        {
            throw Refuse(vm, what);
        }
    }

    /// <summary>The refusal of what can't be done with a VM as long as it lives elsewhere.</summary>
    public static XenApiException Refuse(VmRecord vm, string what) => new(
        "OPERATION_NOT_ALLOWED",
        !Is(vm) ? $"{vm.NameLabel} ({vm.Uuid}) runs by the definition that it was adopted with, by which it could not be resumed: shut it "
            + "down instead."
            : $"{vm.NameLabel} ({vm.Uuid}) was adopted and lives in {OriginOf(vm)}, so {what} is not for Redoubt to do: "
                + "change it there (virsh), and the pool follows; or give it back first (vm-unadopt).");
}
