using System.Globalization;

namespace Redoubt.Compute;

/// <summary>The network bridges of this host, which Redoubt uses and does not make, but for those without an uplink.</summary>
public static class HostBridge
{
    private const string NetworkClass = "/sys/class/net";
    private const string Mark = "redoubt";

    /// <summary>Whether the host has a bridge of this name; an interface that is not a bridge does not count.</summary>
    public static bool Exists(string name) => Exists(name, NetworkClass);

    /// <summary>The names of all bridges of this host.</summary>
    public static IReadOnlyList<string> All() => Directory.Exists(NetworkClass)
        ? [.. Directory.EnumerateDirectories(NetworkClass).Select(Path.GetFileName).OfType<string>().Where(Exists)]
        : [];

    /// <summary>
    /// Makes a bridge without an uplink, on which the host itself has no address. Repeating it does no harm.
    /// </summary>
    /// <returns>Whether it is there now; if not, this process has not the right to make bridges.</returns>
    /// <exception cref="IOException">There is an interface of this name that is no bridge, or the host can't have another one.</exception>
    public static bool TryMakeIsolated(string name)
    {
        for (var again = 3; ; again--)
        {
            try
            {
                return TryMakeIsolatedOnce(name);
            }
            catch (IOException) when (again > 0 && !Exists(name))
            {
                // It was a killed daemon's, and another that started just now has taken it away before it was marked anew.
            }
        }
    }

    private static bool TryMakeIsolatedOnce(string name)
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
                    throw new IOException(
                        $"The bridge {name} can't be made: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }

        // Before it is used: whoever finds it marked by a process that has ended, and empty, takes it away.
        TryMark(name);

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

    /// <summary>
    /// Removes the bridges that <see cref="TryMakeIsolated"/> made in a process that has ended since without removing them, and that
    /// nothing is connected to. Those of processes that run are left alone, whatever pool they serve.
    /// </summary>
    public static void RemoveAbandoned()
    {
        foreach (var name in Directory.EnumerateDirectories(NetworkClass).Select(Path.GetFileName).OfType<string>())
        {
            try
            {
                if (Exists(name) && IsAbandoned(File.ReadAllText(AliasOf(name)).Trim()) && !IsUsed(name))
                    RemoveIsolated(name);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody else has it in use or has removed it, or this process has not the right; the next one that starts sees to it.
            }
        }
    }

    /// <summary>Whether anything is connected to a bridge.</summary>
    public static bool IsUsed(string name) =>
        Exists(name) && Directory.EnumerateFileSystemEntries(Path.Combine(NetworkClass, name, "brif")).Any();

    internal static bool Exists(string name, string networkClass) =>
        IsInterfaceName(name) && Directory.Exists(Path.Combine(networkClass, name, "bridge"));

    /// <summary>Linux allows 15 bytes without blanks, slashes and colons, and not the two names that mean a directory.</summary>
    public static bool IsInterfaceName(string name) =>
        name.Length is > 0 and < 16
        && name is not ("." or "..")
        && name.All(letter => letter is > ' ' and < '\x7f' and not ('/' or ':'));

    /// <summary>What marks a bridge as made by a process, as nobody else's can be: the number of a process is given out again.</summary>
    internal static string MarkOf(int processId) => $"{Mark} {Namespace()} {processId} {StartOf(processId)}";

    // Of a process in another namespace (a container's) nothing can be known here.
    private static bool IsAbandoned(string alias) =>
        alias.Split(' ') is [Mark, var space, var maker, var start]
        && space == Namespace()
        && int.TryParse(maker, NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
        && StartOf(processId) != start;

    private static void TryMark(string name)
    {
        try
        {
            File.WriteAllText(AliasOf(name), MarkOf(Environment.ProcessId));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where /sys is read-only. Then only the pool whose network it is removes it.
        }
    }

    private static string AliasOf(string name) => Path.Combine(NetworkClass, name, "ifalias");

    private static string Namespace() => new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";

    // The 22nd field of proc(5)'s stat, counted behind the name, which may hold anything; empty: there is no such process.
    private static string StartOf(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (IOException)
        {
            return "";
        }
    }
}
