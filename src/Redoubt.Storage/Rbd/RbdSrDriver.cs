using System.Xml.Linq;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.RbdDriver;

/// <summary>SRs in a pool of a Ceph cluster: each disk is an image, which QEMU reaches through librbd by itself.</summary>
/// <remarks>The layout is described in <c>docs/formats/rbd-sr.md</c>.</remarks>
public sealed class RbdSrDriver : ISrDriver
{
    private const string RbdType = "rbd";

    private readonly QemuImg _images;
    private readonly string _scratch;
    private readonly string _devices;
    private readonly HostRoots? _roots;
    private readonly TimeProvider _time;

    /// <summary>Makes the driver.</summary>
    /// <param name="images">Converts images.</param>
    /// <param name="scratch">Where what is exported and imported is put together.</param>
    /// <param name="devices">A directory of the driver's own, where images are had as files.</param>
    /// <param name="roots">Where storage may lie; null: anywhere.</param>
    /// <param name="time">The clock.</param>
    internal RbdSrDriver(QemuImg images, string scratch, string devices, HostRoots? roots, TimeProvider time)
    {
        (_images, _scratch, _devices, _roots, _time) = (images, scratch, devices, roots, time);
        RbdDevice.Sweep(devices);
    }

    /// <inheritdoc/>
    public string Type => RbdType;

    /// <inheritdoc/>
    public string Description => "Disks as images in a pool of a Ceph cluster.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig { get; } = [CephPool.MonitorsKey, CephPool.PoolKey];

    /// <inheritdoc/>
    public SrFeatures Features { get; } = new()
    {
        HoldsMetadata = true,
        AttachesVdis = true,
        ChangesVdis = true,
        TestCloneType = RbdType,
        ClonesInPlace = true,
    };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var pool = CephPool.Parse(deviceConfig, _roots, mayLackPool: true);
        var tools = new RbdTools(pool, _time);
        if (pool.Name.Length == 0)
        {
            throw SrFailure.Choices(
                SrFailure.ConfigServerPathMissing,
                "device-config:pool is missing: set it to one of the cluster's pools.",
                await PoolsAsync(tools, cancellationToken));
        }

        var names = await tools.ListAsync(cancellationToken);
        var measured = await tools.MeasureAsync(cancellationToken);
        var found = new List<ProbedSr>();
        foreach (var sr in names.Where(n => n.Vdi is null).OrderBy(n => n.Sr.ToString(), StringComparer.Ordinal))
        {
            var volumes = new List<ProbedMetadata>();
            foreach (var volume in RbdTools.Disks(names.Where(n => n.Sr == sr.Sr && n.IsMetadata).Select(n => new RbdImage(n, 0))))
            {
                if (await tools.FindAsync(volume.Name, cancellationToken) is { } facts)
                    volumes.Add(new() { Uuid = volume.Name.Vdi!.Value, VirtualSizeBytes = facts.GetProperty("size").GetInt64() });
            }

            found.Add(new ProbedSr
            {
                Uuid = sr.Sr,
                PhysicalSizeBytes = measured.PhysicalSizeBytes,
                PhysicalUtilisationBytes = measured.PhysicalUtilisationBytes,
                Metadata = volumes,
            });
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var sr = Open(uuid, deviceConfig, SrAccess.ReadWrite, out var tools);
        if ((await tools.ListAsync(cancellationToken)).Any(n => n.Sr == uuid && n.Vdi is not null))
            throw SrFailure.Backend(
                SrFailure.SrExists, $"SR {uuid} exists already in {tools.Pool.Place} and is not empty: attach it, or choose another UUID.");
        await sr.CreateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var sr = Open(uuid, deviceConfig, access, out var tools);
        if (await tools.FindAsync(NameOf(uuid, tools), cancellationToken) is null)
            throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"SR {uuid} is not in {tools.Pool.Place}: check the pool, or create the SR.");
        if (access == SrAccess.ReadWrite)
            await sr.SweepAsync(_time.GetUtcNow(), cancellationToken);
        return sr;
    }

    /// <inheritdoc/>
    public async Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        Open(uuid, deviceConfig, SrAccess.ReadWrite, out var tools);
        var own = (await tools.ListAsync(cancellationToken)).Where(n => n.Sr == uuid).ToList();

        // A clone whose making was broken off has no image of its own yet, and what there is of it is nobody's.
        var isBrokenOff = tools.Pool.IsForTests && own.TrueForAll(n => n.Vdi is not null);
        foreach (var left in own.Where(n => n.Vdi is not null))
        {
            if (!isBrokenOff && left.Step is null or RbdName.Next)
                throw SrFailure.Backend(
                    SrFailure.SrNotEmpty, $"SR {uuid} still holds {left} in {tools.Pool.Place}: destroy its VDIs first.");
            await tools.RemoveAsync(left, SrLooks.ScanLimit, cancellationToken);
        }

        await tools.RemoveAsync(NameOf(uuid, tools), RbdTools.Limit, cancellationToken);
    }

    private RbdSr Open(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, out RbdTools tools)
    {
        tools = new RbdTools(CephPool.Parse(deviceConfig, _roots), _time);
        return new RbdSr(NameOf(uuid, tools), new(uuid, access), tools, _images, _scratch, _devices);
    }

    private static RbdName NameOf(SrUuid uuid, RbdTools tools) => new() { IsForTests = tools.Pool.IsForTests, Sr = uuid };

    // In the way of the lists that XenServer's drivers give.
    private async Task<string> PoolsAsync(RbdTools tools, CancellationToken cancellationToken) => new XElement(
        "Pools",
        (await tools.PoolsAsync(cancellationToken))
            .Where(p => tools.Pool.Monitors.All(m => _roots?.FindShareProblem(HostRoots.ShareOf(m.Name, $"/{p}")) is null))
            .Select(p => new XElement("Pool", new XElement("Name", XmlText.Clean(p))))).ToString();
}
