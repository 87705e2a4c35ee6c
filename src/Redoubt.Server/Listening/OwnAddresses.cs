using System.Net;
using System.Net.NetworkInformation;

namespace Redoubt.Server.Listening;

/// <summary>The addresses of this machine, but for those that count on one link only.</summary>
internal static class OwnAddresses
{
    private const int Tries = 100;

    /// <summary>Those that it has now.</summary>
    /// <param name="isUp">Whether only interfaces that are up count.</param>
    /// <exception cref="NetworkInformationException">They can't be listed.</exception>
    public static List<IPAddress> List(bool isUp = false) =>
        [.. All().Where(a => !isUp || a.Status == OperationalStatus.Up).Select(a => a.Address)];

    /// <summary>The same by the names of their interfaces.</summary>
    /// <exception cref="NetworkInformationException">They can't be listed.</exception>
    public static ILookup<string, IPAddress> ByInterface() => All().ToLookup(a => a.Interface, a => a.Address);

    /// <summary>An address of version 4 that is written as one of version 6, as it is; any other one itself.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>
    /// Lists until nothing comes or goes meanwhile: guests' interfaces do all the time, and one that is half gone has the runtime fail
    /// with an address that is none.
    /// </summary>
    internal static List<T> Steady<T>(Func<List<T>> list)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return list();
            }
            catch (Exception changing) when (changing is ArgumentException or NetworkInformationException && tries < Tries)
            {
                Thread.Yield();
            }
        }
    }

    private static List<(string Interface, OperationalStatus Status, IPAddress Address)> All() =>
        Steady<(string, OperationalStatus, IPAddress)>(() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => (i.Name, i.OperationalStatus, a.Address)))
            .Where(a => !a.Address.IsIPv6LinkLocal),
    ]);
}
