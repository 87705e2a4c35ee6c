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
    public static List<IPAddress> List(bool isUp = false) => Steady(() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(i => !isUp || i.OperationalStatus == OperationalStatus.Up)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => !a.IsIPv6LinkLocal),
    ]);

    /// <summary>Those of one interface; none if there is no such interface.</summary>
    public static List<IPAddress> Of(string name) => Steady(() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(i => i.Name == name)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => !a.IsIPv6LinkLocal),
    ]);

    /// <summary>
    /// Lists until nothing comes or goes meanwhile: guests' interfaces do all the time, and one that is half gone has the runtime fail
    /// with an address that is none.
    /// </summary>
    internal static List<IPAddress> Steady(Func<List<IPAddress>> list)
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
}
