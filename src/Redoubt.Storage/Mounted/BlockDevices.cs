using System.Globalization;
using System.Xml.Linq;
using Redoubt.XenApi;

namespace Redoubt.Storage.Mounted;

/// <summary>The block devices of this host that nobody uses: what an SR could be made on, or found on.</summary>
internal static class BlockDevices
{
    private const int SectorBytes = 512;

    /// <summary>Lists them in the XML in which XenServer's drivers list theirs.</summary>
    /// <param name="mayLie">Whether storage may lie on a device.</param>
    public static string List(Func<string, bool> mayLie) =>
        List("/sys/class/block", File.ReadAllText(MountTable.Path), File.ReadAllText("/proc/swaps"), mayLie);

    /// <summary>The same of what the kernel says.</summary>
    internal static string List(string directory, string mounts, string swaps, Func<string, bool> mayLie)
    {
        var devices = Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory).Order(StringComparer.Ordinal)
            : Enumerable.Empty<string>();
        return new XElement("Devlist", devices.Select(d => Describe(d, mounts, swaps, mayLie)).OfType<XElement>()).ToString();
    }

    private static XElement? Describe(string device, string mounts, string swaps, Func<string, bool> mayLie)
    {
        var path = $"/dev/{Path.GetFileName(device).Replace('!', '/')}";
        var bytes = long.TryParse(Read(device, "size"), NumberStyles.None, CultureInfo.InvariantCulture, out var sectors)
            ? sectors * SectorBytes : 0;
        var number = Read(device, "dev");
        var isUsed = bytes == 0 || Read(device, "ro") == "1" || Any(Path.Combine(device, "holders"))
            || Directory.GetDirectories(device).Any(d => File.Exists(Path.Combine(d, "partition")))
            || mounts.Split('\n').Any(l => l.Split(' ') is { Length: > 2 } words && (words[2] == number || words.Contains(path)))
            || swaps.Split('\n').Any(
                l => l.StartsWith($"{path} ", StringComparison.Ordinal) || l.StartsWith($"{path}\t", StringComparison.Ordinal));
        return isUsed || !mayLie(path)
            ? null
            : new XElement(
                "BlockDevice",
                new XElement("path", path),
                new XElement("size", bytes),
                new XElement("vendor", XmlText.Clean(Read(device, "device/vendor"))),
                new XElement("model", XmlText.Clean(Read(device, "device/model"))));
    }

    private static bool Any(string directory) => Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any();

    private static string Read(string device, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(device, name)).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
