using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Vhd;

/// <summary>A directory as XenServer leaves it on an <c>ext</c> or <c>nfs</c> SR.</summary>
internal sealed class VhdSite : IDisposable
{
    // As many as a byte of a bitmap has.
    private const int EightSectors = 8 * VhdMaker.Sector;

    private readonly TempDirectory _temp = new();

    public VhdSite()
    {
        Driver = new FileSrDriver(Sample.Images, _temp.In("scratch"));
        Folder = _temp.NewDirectory(SrId.ToString());
    }

    public FileSrDriver Driver { get; }

    public SrUuid SrId { get; } = NewSr();

    public string Folder { get; }

    public Dictionary<string, string> Config => new() { ["location"] = _temp.FullPath };

    public string Outside(string name) => _temp.In(name);

    public string PathOf(VdiUuid vdi) => Path.Combine(Folder, $"{vdi}.vhd");

    public Task<ISr> AttachAsync() => Driver.AttachAsync(SrId, Config, SrAccess.ReadOnly, Token);

    /// <summary>Writes a disk.</summary>
    public VdiUuid Write(VhdMaker vhd)
    {
        var vdi = NewVdi();
        vhd.Write(PathOf(vdi));
        return vdi;
    }

    /// <summary>
    /// Writes a chain of disks with content of which much is the same for the same seed: the last one, what it reads as, and how many there
    /// are.
    /// </summary>
    /// <param name="seed">What is drawn by.</param>
    /// <param name="depth">How many disks.</param>
    /// <param name="isPlain">
    /// Whether it is one that libvhdi reads rightly. Of a byte of a bitmap it takes all sectors behind one that is there to be there too
    /// (its release 20210425 compares the shifted byte and not its last bit), so what was written has to end with one; and it knows neither
    /// children that are larger than their parent nor files without a footer at their end.
    /// </param>
    public (VdiUuid Top, byte[] Content) WriteChain(int seed, int depth, bool isPlain = false)
    {
        var random = new Random(seed);
        var size = (random.Next(1, 6) * (1 << 20)) + (isPlain ? 0 : random.Next(3) * VhdMaker.Sector);
        var content = new byte[size];
        var block = random.Next(2) == 0 ? 512 << 10 : 2 << 20;
        var vhd = new VhdMaker { SizeBytes = size, BlockBytes = block, IsTorn = random.Next(4) == 0 && !isPlain };
        for (var level = 1; ; level++)
        {
            Scribble(random, vhd, content, isPlain);
            var vdi = Write(vhd);
            if (level == depth)
                return (vdi, content);
            var larger = random.Next(3) == 0 && !isPlain ? random.Next(1, 3) << 19 : 0;
            vhd = vhd.Child($"./{vdi}.vhd", vhd.SizeBytes + larger);
            Array.Resize(ref content, content.Length + larger);
        }
    }

    public void Dispose() => _temp.Dispose();

    // Single sectors, and stretches that cross blocks.
    private static void Scribble(Random random, VhdMaker vhd, byte[] content, bool isPlain)
    {
        for (var i = random.Next(40); i > 0; i--)
        {
            var sectors = random.Next(4) == 0 ? random.Next(1, 3000) : random.Next(1, 4);
            var at = random.Next(content.Length / VhdMaker.Sector) * VhdMaker.Sector;
            var end = at + (sectors * VhdMaker.Sector);
            end = isPlain ? (end + EightSectors - 1) / EightSectors * EightSectors : end;
            var bytes = content.AsSpan(at, Math.Min(end, content.Length) - at);
            random.NextBytes(bytes);
            vhd.Put(at, bytes);
        }
    }
}
