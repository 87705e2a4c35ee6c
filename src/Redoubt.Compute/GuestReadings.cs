using System.Globalization;

namespace Redoubt.Compute;

/// <summary>Names what libvirt counts of a guest as XenServer names it. Pure.</summary>
internal static class GuestReadings
{
    private const double Nanosecond = 1e-9;
    private const double Kibibyte = 1024;

    /// <summary>The readings of one guest.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="said">libvirt's numbers and words by their names.</param>
    /// <param name="macs">The MAC addresses of the interfaces by libvirt's names for them (<c>vnet0</c>).</param>
    internal static IEnumerable<Reading> Of(
        Guid vm, IReadOnlyDictionary<string, object> said, IReadOnlyDictionary<string, string> macs) =>
    [
        .. Processors(vm, said),
        .. Gauge(vm, said, "balloon.current", "memory", Kibibyte),
        .. Gauge(vm, said, "balloon.maximum", "memory_target", Kibibyte),
        .. Gauge(vm, said, "balloon.unused", "memory_internal_free", 1),
        .. Indexes(said, "block").SelectMany(i => Disk(vm, said, i)),
        .. Indexes(said, "net").SelectMany(i => Nic(vm, said, i, macs)),
    ];

    /// <summary>libvirt's names of the interfaces.</summary>
    internal static IEnumerable<string> Nics(IReadOnlyDictionary<string, object> said) =>
        Indexes(said, "net").Select(i => said.GetValueOrDefault($"net.{i}.name")).OfType<string>();

    private static IEnumerable<Reading> Processors(Guid vm, IReadOnlyDictionary<string, object> said)
    {
        var count = (int)(Number(said, "vcpu.maximum") ?? 0);
        for (var i = 0; i < count; i++)
        {
            if (Number(said, Key("vcpu", i, "time")) is { } time)
                yield return new(vm, $"cpu{i.ToString(CultureInfo.InvariantCulture)}", true, time * Nanosecond);
        }
    }

    private static IEnumerable<Reading> Disk(Guid vm, IReadOnlyDictionary<string, object> said, int index)
    {
        // vda, a disk on the virtio bus; what is in a CD drive is read and forgotten.
        if (said.GetValueOrDefault(Key("block", index, "name")) is not string { Length: > 2 } name
            || !name.StartsWith("vd", StringComparison.Ordinal))
            yield break;
        foreach (var (key, source) in new[]
        {
            ("rd.bytes", "read"), ("wr.bytes", "write"), ("rd.reqs", "iops_read"), ("wr.reqs", "iops_write"),
        })
        {
            if (Number(said, Key("block", index, key)) is { } value)
                yield return new(vm, $"vbd_xvd{name[2..]}_{source}", true, value);
        }
    }

    private static IEnumerable<Reading> Nic(
        Guid vm, IReadOnlyDictionary<string, object> said, int index, IReadOnlyDictionary<string, string> macs)
    {
        // What the host's end of an interface has sent, the guest has received: libvirt tells it from the guest's side.
        if (said.GetValueOrDefault(Key("net", index, "name")) is not string name || !macs.TryGetValue(name, out var mac))
            yield break;
        foreach (var (key, source) in new[] { ("rx.bytes", "rx"), ("tx.bytes", "tx") })
        {
            if (Number(said, Key("net", index, key)) is { } value)
                yield return new(vm, $"vif_{mac}_{source}", true, value);
        }
    }

    private static IEnumerable<Reading> Gauge(
        Guid vm, IReadOnlyDictionary<string, object> said, string key, string source, double unit) =>
        Number(said, key) is { } value ? [new(vm, source, false, value * unit)] : [];

    private static IEnumerable<int> Indexes(IReadOnlyDictionary<string, object> said, string of) =>
        Enumerable.Range(0, (int)Math.Clamp(Number(said, of + ".count") ?? 0, 0, 512));

    private static string Key(string group, int index, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{group}.{index}.{name}");

    private static double? Number(IReadOnlyDictionary<string, object> said, string key) =>
        said.GetValueOrDefault(key) is double number ? number : null;
}
