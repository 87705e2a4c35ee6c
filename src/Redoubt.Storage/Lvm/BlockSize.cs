using System.Globalization;

namespace Redoubt.Storage.LvmDriver;

/// <summary>What the kernel says of a block device, which is called by the name that no link leads from.</summary>
internal static class BlockSize
{
    private const int SectorBytes = 512;

    /// <summary>Its size in bytes; 0 if it is gone.</summary>
    public static long Of(string device) => Number(device, "size") * SectorBytes;

    /// <summary>The unit that it is read and written in, in bytes.</summary>
    public static long UnitOf(string device) => Math.Max(SectorBytes, Number(device, "queue/logical_block_size"));

    /// <summary>Whether it can only be read.</summary>
    public static bool IsReadOnly(string device) => Number(device, "ro") == 1;

    /// <summary>Its number, as the device mapper has it.</summary>
    public static string NumberOf(string device) => Text(device, "dev");

    // What is said of a disk goes for its partitions.
    private static long Number(string device, string name) =>
        long.TryParse(Text(device, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : long.TryParse(Text(device, $"../{name}"), NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : 0;

    private static string Text(string device, string name)
    {
        try
        {
            var real = Posix.RealPath($"/sys/class/block/{Path.GetRelativePath("/dev", device).Replace('/', '!')}");
            return File.ReadAllText(Path.Combine(real, name)).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
