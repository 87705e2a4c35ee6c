namespace Redoubt.Compute;

/// <summary>The network bridges of this host, which Redoubt uses and does not make, but for those without an uplink.</summary>
public static class HostBridge
{
    private const string NetworkClass = "/sys/class/net";

    /// <summary>Whether the host has a bridge of this name; an interface that is not a bridge does not count.</summary>
    public static bool Exists(string name) => Exists(name, NetworkClass);

    /// <summary>
    /// Makes a bridge without an uplink, on which the host itself has no address. Repeating it does no harm.
    /// </summary>
    /// <returns>Whether it is there now; if not, this process has not the right to make bridges.</returns>
    /// <exception cref="IOException">There is an interface of this name that is no bridge, or the host can't have another one.</exception>
    public static bool TryMakeIsolated(string name)
    {
        if (!Exists(name))
        {
            switch (BridgeControl.Make(name))
            {
                case 0 or BridgeControl.AlreadyThere when Exists(name):
                    break;
                case BridgeControl.NotPermitted or BridgeControl.NotKnown:
                    return false;
                case var error:
                    throw new IOException($"The bridge {name} can't be made: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }

        // With an address of its own the host would be a neighbour of the guests. (Where there is no IPv6 there is nothing to switch off.)
        var setting = $"/proc/sys/net/ipv6/conf/{name}/disable_ipv6";
        if (File.Exists(setting))
            File.WriteAllText(setting, "1");
        BridgeControl.Set(name, isUp: true);
        return true;
    }

    /// <summary>Removes a bridge that <see cref="TryMakeIsolated"/> made; one that is not there is removed already.</summary>
    /// <exception cref="IOException">It can't be removed.</exception>
    public static void RemoveIsolated(string name)
    {
        if (!Exists(name))
            return;
        BridgeControl.Set(name, isUp: false);
        BridgeControl.Remove(name);
    }

    /// <summary>Whether anything is connected to a bridge.</summary>
    public static bool IsUsed(string name) => Exists(name) && Directory.EnumerateFileSystemEntries(Path.Combine(NetworkClass, name, "brif")).Any();

    internal static bool Exists(string name, string networkClass) =>
        IsInterfaceName(name) && Directory.Exists(Path.Combine(networkClass, name, "bridge"));

    /// <summary>Linux allows 15 bytes without blanks, slashes and colons, and not the two names that mean a directory.</summary>
    public static bool IsInterfaceName(string name) =>
        name.Length is > 0 and < 16
        && name is not ("." or "..")
        && name.All(letter => letter is > ' ' and < '\x7f' and not ('/' or ':'));
}
