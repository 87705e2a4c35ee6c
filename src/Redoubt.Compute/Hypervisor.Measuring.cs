using System.Xml.Linq;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

// What guests and host use.
public sealed partial class Hypervisor
{
    /// <summary>Guests that answer do so in milliseconds.</summary>
    private static readonly TimeSpan MeasureLimit = TimeSpan.FromSeconds(3);

    private IReadOnlyDictionary<string, string> _macs = new Dictionary<string, string>();

    /// <summary>
    /// What the host and its guests show now. Of a hypervisor on another machine, or one whose guests are only pretended, the host is left
    /// out.
    /// </summary>
    /// <remarks>
    /// libvirt asks one guest after the other, and passes over those that it waits for already. So one that does not answer costs one call,
    /// and from then on only what it alone knows is missing.
    /// </remarks>
    /// <exception cref="HypervisorException">The connection is gone, or a guest has not answered in time.</exception>
    public async Task<IReadOnlyList<Reading>> MeasureAsync(CancellationToken cancellationToken)
    {
        if (_uri.Kind == HypervisorKind.Test)
            return [];
        var guests = await CallAsync(_uri.Text, ReadGuests, cancellationToken, MeasureLimit);
        return SeesThisHost
            ? [
                .. guests,
                .. HostReadings.Of(
                    await File.ReadAllTextAsync("/proc/stat", cancellationToken),
                    await File.ReadAllTextAsync("/proc/loadavg", cancellationToken), await GetMemoryAsync(cancellationToken)),
            ]
            : guests;
    }

    private List<Reading> ReadGuests(LibvirtConnection connection)
    {
        var all = connection.Statistics();
        var before = _macs;
        var macs = new Dictionary<string, string>();
        foreach (var (uuid, said) in all)
        {
            // libvirt numbers the host's ends of interfaces; whose each is stands in the description, which is read when one is new.
            var names = GuestReadings.Nics(said).ToList();
            var known = names.All(before.ContainsKey) ? before : Macs(connection, uuid);
            foreach (var name in names.Where(known.ContainsKey))
                macs[name] = known[name];
        }

        _macs = macs;
        return [.. all.SelectMany(guest => GuestReadings.Of(guest.Uuid, guest.Said, macs))];
    }

    private static Dictionary<string, string> Macs(LibvirtConnection connection, Guid uuid)
    {
        try
        {
            return XElement.Parse(connection.Xml(uuid)).Element("devices")!.Elements("interface")
                .Select(n => (Name: (string?)n.Element("target")?.Attribute("dev"), Mac: (string?)n.Element("mac")?.Attribute("address")))
                .Where(n => n is { Name: not null, Mac: not null })
                .ToDictionary(n => n.Name!, n => n.Mac!.ToLowerInvariant());
        }
        catch (LibvirtException gone) when (gone.Error == LibvirtError.NoDomain)
        {
            return [];
        }
    }
}
