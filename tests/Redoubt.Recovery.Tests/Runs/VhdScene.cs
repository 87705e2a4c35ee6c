using System.Collections.Immutable;
using System.Security.Cryptography;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>A site with an SR of its own that has been brought the storage of a lost pool, whose disks are chains of VHDs.</summary>
internal sealed class VhdScene : IAsyncDisposable
{
    private const int DiskBytes = 1 << 20;

    private readonly Dictionary<string, (string Uuid, byte[] Content)> _disks = [];

    private VhdScene(RealPair pair) => Pair = pair;

    public RealPair Pair { get; }

    public string OwnUuid { get; private set; } = "";

    private string Folder => Path.Combine(Pair.Site.Storage, Pair.SrUuid);

    private static CancellationToken Cancel => RealSite.Cancel;

    public static async Task<VhdScene> StartAsync()
    {
        var scene = new VhdScene(await RealPair.StartAsync());
        var (primary, site) = (scene.Pair.Primary, scene.Pair.Site);
        await scene.Pair.MirrorAsync(primary, site);
        var vdis = (await primary.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Values;
        foreach (var vdi in vdis.Where(v => v.NameLabel.EndsWith(" disk", StringComparison.Ordinal)))
        {
            scene._disks[vdi.NameLabel[..^" disk".Length]] = (vdi.Uuid, scene.WriteChain(vdi.Uuid));
            File.Delete(Path.Combine(scene.Folder, $"{vdi.Uuid}.qcow2"));
        }

        var location = Directory.CreateDirectory(site.NewFile("own")).FullName;
        var host = (await site.Api.GetAllRecordsAsync<HostRecord>(Cancel)).Keys.Single();
        var own = await site.CallAsync<Ref<SrRecord>>(
            "SR.create", host, Scene.Map(("location", location)), 0L, "own", "", "file", "user", true,
            ImmutableSortedDictionary<string, string>.Empty);
        scene.OwnUuid = await site.CallAsync<string>("SR.get_uuid", own);
        await site.CallAsync("pool.set_default_SR", (await site.Api.GetAllRecordsAsync<PoolRecord>(Cancel)).Keys.Single(), own);
        await site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        await scene.Pair.AttachAsync();
        return scene;
    }

    public byte[] ContentOf(string vm) => _disks[vm].Content;

    /// <summary>What the disk of a VM reads as.</summary>
    public async Task<byte[]> ReadAsync(VmRecord vm)
    {
        var vbds = await Pair.Site.Api.GetAllRecordsAsync<VbdRecord>(Cancel);
        var drive = vm.Vbds.Select(b => vbds[b]).Single(b => b.Type == VbdType.Disk);
        var vdi = (await Pair.Site.Api.GetAllRecordsAsync<VdiRecord>(Cancel))[drive.Vdi];
        var image = Directory.EnumerateFiles(Pair.Site.NewFile("."), $"{vdi.Uuid}.qcow2", SearchOption.AllDirectories).Single();
        var raw = Pair.Site.NewFile($"{vdi.Uuid}-read");
        Assert.True(await Programs.RunAsync("qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", image, raw));
        return await File.ReadAllBytesAsync(raw, Cancel);
    }

    /// <summary>All that lies on the storage of the lost pool, to the byte and the moment.</summary>
    public IReadOnlyList<string> Storage() =>
    [
        .. Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal).Select(f =>
            $"{f} {File.GetLastWriteTimeUtc(f):O} {File.GetUnixFileMode(f)} {new FileInfo(f).Length} "
                + (f.EndsWith(".vhd", StringComparison.Ordinal) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))) : "")),
    ];

    public async Task<string> UuidAsync(string vm) => (await RealPair.VmAsync(Pair.Primary, vm)).Uuid;

    /// <summary>Has a disk's first block lie nowhere.</summary>
    public void Spoil(string vm)
    {
        using var file = File.OpenWrite(Path.Combine(Folder, $"{_disks[vm].Uuid}.vhd"));
        file.Position = 3 * VhdMaker.Sector;
        file.Write([0x7f, 0xff, 0xff, 0xff]);
    }

    public ValueTask DisposeAsync() => Pair.DisposeAsync();

    // What a snapshot leaves: a base that no VM has, and a disk that is little else than what it reads of it.
    private byte[] WriteChain(string uuid)
    {
        var random = new Random(uuid.GetHashCode(StringComparison.Ordinal));
        var content = new byte[DiskBytes];
        random.NextBytes(content.AsSpan(0, 300 << 10));
        var below = new VhdMaker { SizeBytes = DiskBytes, IsHidden = true }.Put(0, content.AsSpan(0, 300 << 10));
        var name = $"{Guid.NewGuid()}.vhd";
        below.Write(Path.Combine(Folder, name));
        random.NextBytes(content.AsSpan(5 * VhdMaker.Sector, 3 * VhdMaker.Sector));
        below.Child($"./{name}").Put(5 * VhdMaker.Sector, content.AsSpan(5 * VhdMaker.Sector, 3 * VhdMaker.Sector))
            .Write(Path.Combine(Folder, $"{uuid}.vhd"));
        return content;
    }
}
