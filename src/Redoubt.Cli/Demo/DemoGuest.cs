using System.Text;
using System.Text.RegularExpressions;

namespace Redoubt.Cli.Demo;

/// <summary>
/// One of the demo's virtual machines, and what its console says. The guest is described in <c>docs/formats/guest-record.md</c>.
/// </summary>
/// <param name="Name">The VM's name, which the guest knows from its data disk alone.</param>
/// <param name="Order">Its place in the vApp's start order.</param>
/// <param name="StartDelaySeconds">How long those after it wait once it has started.</param>
/// <param name="InVApp">Whether it belongs to the vApp.</param>
internal sealed partial record DemoGuest(string Name, long Order, long StartDelaySeconds, bool InVApp)
{
    /// <summary>The size of the data disk.</summary>
    public const int DataDiskBytes = 1 << 20;

    /// <summary>The VM's UUID, once it has been made.</summary>
    public string Uuid { get; set; } = "";

    /// <summary>The content of a fresh data disk: the guest's name and a count of 0.</summary>
    public byte[] DataDisk()
    {
        var text = $"REDOUBT-GUEST name={Name} count=0 boots=0 interval-ms=250";
        var disk = new byte[DataDiskBytes];
        Encoding.ASCII.GetBytes($"{text} checksum={Crc32(Encoding.ASCII.GetBytes(text)):x8}\n").CopyTo(disk, 0);
        return disk;
    }

    /// <summary>What the guest has said of itself on a site's console since its last boot.</summary>
    public ConsoleReport Read(DemoSite site)
    {
        // Each host that it has run on has what it said there.
        var path = site.Hosts.Select(h => Path.Combine(h.DataDirectory, "consoles", $"{Uuid}.log")).Where(File.Exists)
            .MaxBy(File.GetLastWriteTimeUtc);
        if (path is null)
        {
            return new(null, 0, null, null);
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var text = reader.ReadToEnd();
        var boots = BootLine().Matches(text);
        if (boots.Count == 0)
        {
            return new(null, 0, null, null);
        }

        var boot = boots[^1];
        var counts = CountLine().Matches(text[boot.Index..]).Select(m => long.Parse(m.Groups["count"].Value)).ToList();
        return new(
            boot.Groups["name"].Value,
            long.Parse(boot.Groups["resumed"].Value),
            counts.Count > 0 ? counts[0] : null,
            counts.Count > 0 ? counts[^1] : null);
    }

    [GeneratedRegex(@"redoubt-guest: name=(?<name>\S+) uuid=\S+ boot=\d+ resumed-from=(?<resumed>\d+)[^\n]*\n", RegexOptions.None, 1000)]
    private static partial Regex BootLine();

    // A line that the guest was killed in the middle of must not count.
    [GeneratedRegex(@"redoubt-guest: count=(?<count>\d+)\r?\n", RegexOptions.None, 1000)]
    private static partial Regex CountLine();

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
            }
        }

        return ~crc;
    }
}
