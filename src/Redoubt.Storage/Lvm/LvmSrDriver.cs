using System.Text.RegularExpressions;
using Redoubt.Storage.Images;
using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.LvmDriver;

/// <summary>SRs in a volume group of LVM's on a block device of this host: each disk is a logical volume.</summary>
/// <remarks>The layout is described in <c>docs/formats/lvm-sr.md</c>.</remarks>
public sealed partial class LvmSrDriver : ISrDriver
{
    private const string Pv = "LVM2_member";

    private readonly QemuImg _images;
    private readonly string _scratch;
    private readonly ChosenDevice _device;
    private readonly MappedVolumes _mapped;
    private readonly TimeProvider _time;

    /// <summary>Makes the driver.</summary>
    /// <param name="images">Converts images.</param>
    /// <param name="scratch">Where what is exported and imported is put together.</param>
    /// <param name="roots">Where storage may lie; null: anywhere.</param>
    /// <param name="time">The clock.</param>
    internal LvmSrDriver(QemuImg images, string scratch, HostRoots? roots, TimeProvider time) =>
        (_images, _scratch, _device, _mapped, _time) = (images, scratch, new ChosenDevice(roots, time), new MappedVolumes(time), time);

    /// <inheritdoc/>
    public string Type => "lvm";

    /// <inheritdoc/>
    public string Description => "Disks as logical volumes of a block device of this host.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig { get; } = [ChosenDevice.Key];

    /// <inheritdoc/>
    public SrFeatures Features { get; } = new() { HoldsMetadata = true, AttachesVdis = true, ChangesVdis = true };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = Named(await _device.FindForProbeAsync(deviceConfig, cancellationToken));
        if (await new LvmTools(device, _time).LookAsync(cancellationToken) is not { } group)
            return [];
        if ((LvmName.SrOf(group.Name) ?? LvmName.XenServerSrOf(group.Name)) is not { } sr)
            return [];
        var problem = WhyNot(device, group);
        return
        [
            new ProbedSr
            {
                Uuid = sr,
                PhysicalSizeBytes = group.SizeBytes,
                PhysicalUtilisationBytes = group.SizeBytes - group.FreeBytes,
                Metadata = problem is not null ? [] :
                [
                    .. group.Disks.Where(v => v.Name.IsMetadata && v.Unreadable is null)
                        .Select(v => new ProbedMetadata { Uuid = v.Name.Vdi, VirtualSizeBytes = v.SizeBytes }),
                ],
                Unreadable = problem,
            },
        ];
    }

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = Named(await _device.FindAsync(deviceConfig, cancellationToken));
        var tools = new LvmTools(device, _time);
        var content = await _device.ContentAsync(device, cancellationToken);
        var group = content == Pv ? await tools.LookAsync(cancellationToken) : null;
        if (content is not null && group is null)
            throw ChosenDevice.Holds(device, content == Pv ? "a physical volume of LVM that can't be read" : content);
        if (group is not null and not { Name: "" })
        {
            if (group.Name != LvmName.GroupOf(uuid))
                throw ChosenDevice.Holds(device, $"the volume group {XenApi.XmlText.Clean(group.Name)}");
            if (WhyNot(device, group) is { } problem)
                throw SrFailure.Backend(SrFailure.SrExists, $"SR {uuid} can't be made: {problem}");
            if (group.Volumes.Any() || group.Others.Any())
                throw SrFailure.Backend(
                    SrFailure.SrExists, $"SR {uuid} exists already on {device} and is not empty: attach it, or choose another device.");
        }
        else
        {
            await tools.CreateGroupAsync(uuid, cancellationToken);
        }

        if (group?.ProofAt is null)
            await tools.TryCreateAsync(uuid, LvmName.Proof, null, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var device = Named(await _device.FindAsync(deviceConfig, cancellationToken));
        var tools = new LvmTools(device, _time);
        var group = await FindAsync(tools, uuid, cancellationToken)
            ?? throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"SR {uuid} is not on {device}: check that it is the right device, or create the SR.");
        var sr = new LvmSr(new(uuid, access), tools, _mapped, _images, _scratch);
        if (access == SrAccess.ReadWrite)
        {
            await sr.SweepAsync(group, _time.GetUtcNow(), cancellationToken);
        }

        return sr;
    }

    /// <inheritdoc/>
    public async Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = Named(await _device.FindAsync(deviceConfig, cancellationToken));
        var tools = new LvmTools(device, _time);
        if (await FindAsync(tools, uuid, cancellationToken) is not { } group)
            return;
        if (group.Volumes.FirstOrDefault(v => v.Name.IsNow) is { } disk)
            throw SrFailure.Backend(SrFailure.SrNotEmpty, $"SR {uuid} still holds {disk.Name} on {device}: destroy its VDIs first.");
        if (group.Others is [var other, ..])
            throw SrFailure.Backend(
                SrFailure.SrNotEmpty,
                $"The volume {XenApi.XmlText.Clean(other)} on {device} is no disk of SR {uuid}: remove it by hand (lvremove) if nobody "
                    + "needs it.");

        // The device stays an empty physical volume, of which the next SR is made.
        foreach (var left in group.Volumes)
        {
            if (await _mapped.IsOpenAsync(device, left, cancellationToken))
                throw SrFailure.Backend(SrFailure.SrInUse, $"SR {uuid} is in use: disks of it are still being read on this host.");
        }

        await tools.RemoveGroupAsync(uuid, cancellationToken);
    }

    /// <summary>The volume group of an SR; null if it is not on the device.</summary>
    /// <exception cref="XenApi.XenApiException">What is there can't be used.</exception>
    internal static async Task<LvmGroup?> FindAsync(LvmTools tools, SrUuid uuid, CancellationToken cancellationToken)
    {
        if (await tools.LookAsync(cancellationToken) is not { } group
            || (LvmName.SrOf(group.Name) != uuid && LvmName.XenServerSrOf(group.Name) != uuid))
            return null;
        return WhyNot(tools.Device, group) is { } problem
            ? throw SrFailure.Backend(SrFailure.SrUnavailable, $"SR {uuid} can't be used: {problem}") : group;
    }

    private static string? WhyNot(string device, LvmGroup group) =>
        LvmName.XenServerSrOf(group.Name) is not null
            ? $"{device} holds {group.Name}, a volume group of XenServer's, whose disks are not read there: have them exported by a host "
                + "of XenServer's, as files of an NFS SR or as XVA, and recover or import those."
        : group.System != LvmName.System
            ? $"the volume group {group.Name} on {device} belongs to "
                + $"{(group.System.Length == 0 ? "nobody" : XenApi.XmlText.Clean(group.System))}, and not to Redoubt: leave it, or give it "
                + $"back (vgchange --systemid {LvmName.System})."
        : group.Devices != 1
            ? $"the volume group {group.Name} lies on {group.Devices} devices, of which only {device} is named: an SR has one (vgreduce)."
        : null;

    // It stands in a pattern of LVM's.
    private static string Named(string device) => DeviceForm().IsMatch(device) ? device : throw SrFailure.Backend(
        SrFailure.ConfigDeviceInvalid, $"{device} can't be used with LVM: name a device below /dev of a usual name.");

    [GeneratedRegex(@"^/dev/[A-Za-z0-9_./:-]{1,200}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DeviceForm();
}
