namespace Redoubt.Compute;

/// <summary>The network bridges of this host, which Redoubt uses and does not make.</summary>
public static class HostBridge
{
    private const string NetworkClass = "/sys/class/net";

    /// <summary>Whether the host has a bridge of this name; an interface that is not a bridge does not count.</summary>
    public static bool Exists(string name) => Exists(name, NetworkClass);

    internal static bool Exists(string name, string networkClass) =>
        IsInterfaceName(name) && Directory.Exists(Path.Combine(networkClass, name, "bridge"));

    /// <summary>Linux allows 15 bytes without blanks, slashes and colons, and not the two names that mean a directory.</summary>
    public static bool IsInterfaceName(string name) =>
        name.Length is > 0 and < 16
        && name is not ("." or "..")
        && name.All(letter => letter is > ' ' and < '\x7f' and not ('/' or ':'));
}
