using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What a VM is to be started with: worked out from its records, without looking at anything else.</summary>
internal sealed record DomainPlan
{
    /// <summary>What the hypervisor is told.</summary>
    public required DomainConfig Config { get; init; }

    /// <summary>The drives that the guest will have.</summary>
    public required ImmutableList<Ref<VbdRecord>> Vbds { get; init; }

    /// <summary>The interfaces that the guest will have.</summary>
    public required ImmutableList<Ref<VifRecord>> Vifs { get; init; }

    /// <summary>What the guest has to do without.</summary>
    public required ImmutableList<Announcement> Lacks { get; init; }

    private ImmutableDictionary<string, (Ref<SrRecord> Sr, Ref<VdiRecord> Vdi)> Disks { get; init; } =
        ImmutableDictionary<string, (Ref<SrRecord> Sr, Ref<VdiRecord> Vdi)>.Empty;

    /// <summary>Plans a VM.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="reference">The VM.</param>
    /// <param name="images">Where the images of its disks lie.</param>
    /// <param name="paths">Where its own files lie.</param>
    /// <param name="hasBridge">Whether the host has a bridge.</param>
    /// <param name="hasIsolated">Whether the host has made this bridge of an internal network.</param>
    /// <param name="paused">Leave it paused before its first instruction.</param>
    /// <param name="ofGuest">Only with the devices that its guest has now.</param>
    /// <exception cref="XenApiException">A drive or an interface can't be had by any guest of this pool.</exception>
    public static DomainPlan For(
        DatabaseState state, Ref<VmRecord> reference, IReadOnlyDictionary<Ref<VdiRecord>, DiskSource> images, GuestPaths paths,
        Func<string, bool> hasBridge, Func<string, bool> hasIsolated, bool paused, bool ofGuest = false)
    {
        var vm = state.Get(reference);
        VmChecks.RequireStartable(vm);
        var drives = vm.Vbds.Select(b => (Ref: b, Vbd: state.Get(b))).Where(b => b.Vbd.CurrentlyAttached || !ofGuest).ToList();
        var isAdopted = AdoptedVm.Is(vm); // What it is started with its libvirt knows.
        RequireKeptFormats(vm, drives.Select(d => d.Vbd), images);
        var nics = vm.Vifs.Select(v => (Ref: v, Vif: state.Get(v))).Where(v => v.Vif.CurrentlyAttached || !ofGuest)
            .Select(v => (v.Ref, v.Vif, Network: state.Find(v.Vif.Network)))
            .Select(v => (v.Ref, Nic: Nic(v.Vif, v.Network, hasBridge, hasIsolated), v.Vif, v.Network)).ToList();
        return new()
        {
            Config = new DomainConfig
            {
                Uuid = VmRows.Uuid(vm),
                Name = vm.NameLabel,
                MemoryMaxBytes = vm.MemoryStaticMax,
                MemoryTargetBytes = vm.MemoryDynamicMax > 0 ? vm.MemoryDynamicMax : null,
                Vcpus = (int)vm.VcpusAtStartup,
                MostVcpus = MostVcpus(vm),
                CoresPerSocket = SocketsDivide(vm) ? Cores(vm.Platform[CoresPerSocket]) : null,
                Firmware = FirmwareVariables.AreUsedBy(vm) ? Firmware.Uefi : Firmware.Bios,
                NvramPath = FirmwareVariables.AreUsedBy(vm) ? paths.Variables : null,
                HasTpm = VirtualTpms.Of(state, vm) is not null,
                BootOrder = vm.HvmBootParams.GetValueOrDefault("order", "cd"),
                Kernel = KernelOf(vm),
                Disks = [.. drives.Select(d => Drive(vm, d.Vbd, images))],
                Nics = [.. nics.Select(n => n.Nic)],
                ConsoleLogPath = paths.ConsoleLog,
                SerialSocketPath = paths.SerialSocket,
                VncSocketPath = paths.VncSocket,
                AgentSocketPath = paths.AgentSocket,
                FirmwareStrings = GuestData.Of(vm),
                Definition = isAdopted ? null : AdoptedVm.DefinitionOf(vm),
                StartPaused = paused,
            },
            Vbds = [.. drives.Select(d => d.Ref)],
            Vifs = [.. nics.Where(n => isAdopted || IsPlugged(n.Nic)).Select(n => n.Ref)],
            Lacks = isAdopted ? [] :
            [
                .. nics.Where(n => !IsPlugged(n.Nic)).Select(n => new Announcement.VifNotPlugged(vm.Uuid, Unplugged(vm, n.Vif, n.Network))),
                .. Firmwareless(state, vm) is { } text ? [new Announcement.EmptyFirmware(vm.Uuid, text)] : Array.Empty<Announcement>(),
                .. Forgetful(state, vm) is { } lost ? [new Announcement.EmptyTpm(vm.Uuid, lost)] : Array.Empty<Announcement>(),
                .. vm.Platform.ContainsKey(CoresPerSocket) && !SocketsDivide(vm)
                    ? [new Announcement.OneSocket(vm.Uuid, Undivided(vm))]
                    : Array.Empty<Announcement>(),
                .. paths.VncSocket is null || paths.AgentSocket is null
                    ? [new Announcement.NoConsole(vm.Uuid, WithoutSockets(vm))]
                    : Array.Empty<Announcement>(),
            ],
            Disks = drives.Where(d => images.ContainsKey(d.Vbd.Vdi)).DistinctBy(d => d.Vbd.Vdi)
                .ToImmutableDictionary(d => images[d.Vbd.Vdi].Place, d => (state.Get(d.Vbd.Vdi).Sr, d.Vbd.Vdi)),
        };
    }

    /// <summary>The disk that lies at a place.</summary>
    public (Ref<SrRecord> Sr, Ref<VdiRecord> Vdi)? DiskAt(string place) => Disks.TryGetValue(place, out var disk) ? disk : null;

    /// <summary>The key of a VM's platform that says how many of its processors one socket holds.</summary>
    public const string CoresPerSocket = "cores-per-socket";

    /// <summary>The most processors that a guest has room for beyond those that it starts with: QEMU stops at 255.</summary>
    private const long LiveVcpusLimit = 64;

    /// <summary>How many processors a value of <see cref="CoresPerSocket"/> has a socket hold; null if it says nothing.</summary>
    public static int? Cores(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var cores) && cores > 0 ? cores : null;

    // A guest can be given processors while it runs, up to its VCPUs_max, as far as the machine goes and whole sockets come to that.
    private static int? MostVcpus(VmRecord vm)
    {
        var most = Math.Min(vm.VcpusMax, Math.Max(vm.VcpusAtStartup, LiveVcpusLimit));
        if (SocketsDivide(vm))
        {
            most -= most % Cores(vm.Platform[CoresPerSocket])!.Value;
        }

        return most > vm.VcpusAtStartup ? (int)most : null;
    }

    private static bool SocketsDivide(VmRecord vm) =>
        Cores(vm.Platform.GetValueOrDefault(CoresPerSocket, "")) is { } cores && vm.VcpusAtStartup % cores == 0;

    // What an image is whose name does not say so its first bytes do, and those of a raw one are its guest's to write.
    private static void RequireKeptFormats(
        VmRecord vm, IEnumerable<VbdRecord> drives, IReadOnlyDictionary<Ref<VdiRecord>, DiskSource> images)
    {
        if (AdoptedVm.DefinitionOf(vm) is not { } kept)
        {
            return;
        }

        DomainDefinition definition;
        try
        {
            definition = DomainDefinition.Parse(kept);
        }
        catch (FormatException)
        {
            return; // Whoever starts it says so.
        }

        foreach (var vbd in drives.Where(b => b.Type == VbdType.Disk))
        {
            if (images.GetValueOrDefault(vbd.Vdi) is DiskSource.File file && Path.GetExtension(file.Path) is not (".qcow2" or ".raw")
                && definition.Disks.ElementAtOrDefault(Number(vbd.Userdevice)) is { } before
                && !before.Format.Equals(file.Format.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"The disk {vbd.Userdevice} of {vm.NameLabel} ({vm.Uuid}), {file.Path}, is {before.Format} by the definition that "
                        + "the VM was "
                        + $"adopted with, and looks like {file.Format} now: its guest may have written that. Look at it before "
                        + "anything reads it.");
            }
        }
    }

    /// <summary>A drive as the hypervisor is told of it.</summary>
    internal static DomainDisk Drive(VmRecord vm, VbdRecord vbd, IReadOnlyDictionary<Ref<VdiRecord>, DiskSource> images)
    {
        if (vbd.Type is not (VbdType.Disk or VbdType.Cd))
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "type", VbdTypeType.Instance.Encode(vbd.Type), "The VM may have disks and CD drives only.");
        }

        var hasImage = !vbd.Empty && !vbd.Vdi.IsNull;
        if (hasImage && !images.ContainsKey(vbd.Vdi))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"The disks of the VM {vm.NameLabel} were changed while it was being started. Start it again.");
        }

        return new()
        {
            Device = Number(vbd.Userdevice),
            Source = hasImage ? images[vbd.Vdi] : null,
            ReadOnly = vbd.Mode == VbdMode.Ro,
            IsCdrom = vbd.Type == VbdType.Cd,
        };
    }

    /// <summary>
    /// An internal network is a bridge without an uplink where the host has made one for it, and else a segment of its own.
    /// </summary>
    internal static DomainNic Nic(VifRecord vif, NetworkRecord? network, Func<string, bool> hasBridge, Func<string, bool> hasIsolated)
    {
        var isInternal = network is not null && IsolatedNetwork.IsInternal(network);
        var bridge = network is null ? "" : isInternal ? IsolatedNetwork.BridgeName(network) : network.Bridge;
        var has = bridge.Length > 0 && (isInternal ? hasIsolated(bridge) : hasBridge(bridge));
        return new()
        {
            Device = Number(vif.Device),
            Mac = vif.Mac,
            Bridge = has ? bridge : null,
            Segment = isInternal && !has ? IsolatedSegment.Of(network!.Uuid) : null,
            Mtu = Mtu(vif.Mtu, network?.Mtu ?? 0),
        };
    }

    // An interface that was given no MTU of its own has the one that every network had, and goes by its network's. What a foreign record
    // says is checked here too.
    private static int? Mtu(long own, long network) =>
        (own is 0 or DomainNic.EthernetMtu ? network : own) is >= 68 and <= 65535 and not DomainNic.EthernetMtu and var mtu
            ? (int)mtu
            : null;

    private static bool IsPlugged(DomainNic nic) => nic.Bridge is not null || nic.Segment is not null;

    /// <summary>The kernel that a VM boots from, as its record names it; null if it boots through the firmware.</summary>
    public static DirectKernel? KernelOf(VmRecord vm) => DirectBoot.IsUsedBy(vm)
        ? new() { KernelPath = vm.PvKernel, InitrdPath = vm.PvRamdisk.Length > 0 ? vm.PvRamdisk : null, Arguments = vm.PvArgs }
        : null;

    private static int Number(string device) => DeviceNumber.Parse(device) ?? throw new XenApiException("INVALID_DEVICE", device);

    private static string Unplugged(VmRecord vm, VifRecord vif, NetworkRecord? network)
    {
        var why = network switch
        {
            null => "its network is not known here. Give the VM another interface (vif-create) on a network of this pool",
            _ => $"this host has no bridge {network.Bridge}, which its network {network.NameLabel} ({network.Uuid}) names. "
                + $"Create it (ip link add {network.Bridge} type bridge), or move the interface to another network "
                + "(vif-move uuid=… network-uuid=…)",
        };
        return $"The VM {vm.NameLabel} ({vm.Uuid}) was started with interface {vif.Device} ({vif.Mac}) unplugged: "
            + $"{why}, then restart the VM.";
    }

    private static string Undivided(VmRecord vm) =>
        $"The VM {vm.NameLabel} ({vm.Uuid}) was started with its {vm.VcpusAtStartup} processors in one socket, because they can't be "
        + "divided by its platform:cores-per-socket, "
        + $"{BriefText.Of(vm.Platform[CoresPerSocket], 20)}. Change either (vm-param-set VCPUs-at-startup=… or "
        + "platform:cores-per-socket=…).";

    private static string? Firmwareless(DatabaseState state, VmRecord vm)
    {
        var wasStarted = WasStarted(state, vm);
        var why = !FirmwareVariables.AreUsedBy(vm) ? null : FirmwareVariables.StateOf(vm) switch
        {
            FirmwareVariablesState.Kept => null,
            FirmwareVariablesState.None => wasStarted ? "nothing was kept of those that it had" : null,
            FirmwareVariablesState.Damaged => "those in its record are damaged",
            FirmwareVariablesState.OfAnotherFirmware => "those in its record are in the form of XenServer's firmware",
        };
        return why is null ? null : $"The VM {vm.NameLabel} ({vm.Uuid}) was started with an empty store of UEFI variables, because {why}. "
            + "If its guest does not come up, choose what to boot from in the firmware's menu on its screen, once.";
    }

    private static string? Forgetful(DatabaseState state, VmRecord vm)
    {
        var why = VirtualTpms.Of(state, vm) is not { } tpm ? null : VirtualTpms.StateOf(state, tpm) switch
        {
            TpmContentsState.Kept => null,
            TpmContentsState.None => WasStarted(state, vm) ? "nothing was kept of what it had" : null,
            TpmContentsState.Damaged => "what the database has of it is damaged",

            // Such a VM is not started: see VirtualTpms.RequireOpen.
            TpmContentsState.Sealed => "what the database has of it is sealed",
        };
        return why is null ? null : $"The VM {vm.NameLabel} ({vm.Uuid}) was started with an empty TPM, because {why}. "
            + "A guest that sealed its keys in it asks for its recovery key.";
    }

    private static bool WasStarted(DatabaseState state, VmRecord vm) =>
        state.Find(vm.Metrics) is { } metrics && metrics.StartTime > DateTimeOffset.UnixEpoch;

    private static string WithoutSockets(VmRecord vm) =>
        $"The VM {vm.NameLabel} ({vm.Uuid}) was started without screen, text console and guest agent, because the path of the "
        + "daemon's directory is too long for a socket. Use a shorter directory.";
}
