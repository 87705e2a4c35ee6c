namespace Redoubt.Compute;

/// <summary>A host's memory, in bytes.</summary>
/// <param name="TotalBytes">All that the host has.</param>
/// <param name="AvailableBytes">What new guests could use now, including what Linux only caches files in.</param>
public sealed record HostMemory(long TotalBytes, long AvailableBytes)
{
    /// <summary>Reads the text of <c>/proc/meminfo</c>.</summary>
    internal static HostMemory Parse(string meminfo)
    {
        long Field(string name)
        {
            var line = meminfo.Split('\n').FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal))
                ?? throw new FormatException($"/proc/meminfo has no line {name}.");
            return long.Parse(line[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1024;
        }

        return new HostMemory(Field("MemTotal"), Field("MemAvailable"));
    }
}
