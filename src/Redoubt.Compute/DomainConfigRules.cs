using System.Text;
using System.Text.RegularExpressions;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>The rules a <see cref="DomainConfig"/> must keep before it is worth asking libvirt.</summary>
internal static partial class DomainConfigRules
{
    /// <summary><c>sun_path</c> holds 108 bytes with the closing NUL; libvirt's own message for a longer one names no object.</summary>
    internal const int SocketPathBytesMax = 107;

    internal static IEnumerable<string> Check(DomainConfig config)
    {
        if (config.Uuid == Guid.Empty)
            yield return "The VM has no UUID.";
        if (config.Vcpus < 1)
            yield return $"The VM has {config.Vcpus} virtual CPUs; it needs at least one.";
        if (config.MemoryMaxBytes < 1024 * 1024)
            yield return $"The VM has {config.MemoryMaxBytes} bytes of memory; it needs at least 1 MiB.";
        if (config.MemoryTargetBytes is { } target && (target < 1024 * 1024 || target > config.MemoryMaxBytes))
            yield return $"The memory target of {target} bytes is not between 1 MiB and the maximum of {config.MemoryMaxBytes} bytes.";

        if (config.Definition is not null && FindDefinitionProblem(config.Definition) is { } unread)
            yield return $"The definition that the VM was adopted with can't be read. {unread}";

        foreach (var problem in Disks(config).Concat(Nics(config)).Concat(Paths(config)))
            yield return problem;
    }

    private static string? FindDefinitionProblem(string definition)
    {
        try
        {
            DomainDefinition.Parse(definition);
            return null;
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
    }

    private static IEnumerable<string> Disks(DomainConfig config)
    {
        foreach (var slot in config.Disks.GroupBy(disk => disk.Device).Where(slot => slot.Count() > 1))
            yield return $"Slot {slot.Key} is given to {slot.Count()} disks.";
        foreach (var disk in config.Disks)
        {
            if (disk.Device is < 0 or > 255)
                yield return $"A disk is in slot {disk.Device}; slots go from 0 to 255.";
            if (disk.Source is DiskSource.Network network && XmlText.Clean(network.Name) != network.Name)
                yield return $"The disk in slot {disk.Device} has a name that libvirt can't be told.";
            if (disk.Source is null && !disk.IsCdrom)
                yield return $"The disk in slot {disk.Device} has no image; only a CD drive may be empty.";
        }
    }

    private static IEnumerable<string> Nics(DomainConfig config)
    {
        foreach (var slot in config.Nics.GroupBy(nic => nic.Device).Where(slot => slot.Count() > 1))
            yield return $"Slot {slot.Key} is given to {slot.Count()} network interfaces.";
        foreach (var nic in config.Nics)
        {
            if (!Mac().IsMatch(nic.Mac))
                yield return $"\"{nic.Mac}\" is not a MAC address (network interface {nic.Device}).";
            else if ((Convert.ToByte(nic.Mac[..2], 16) & 1) != 0)
                yield return $"\"{nic.Mac}\" is a multicast address, which a network interface can't have (network "
                    + $"interface {nic.Device}).";
            if (nic.Bridge is not null && !HostBridge.IsInterfaceName(nic.Bridge))
                yield return $"\"{nic.Bridge}\" can't be the name of a bridge (network interface {nic.Device}).";
        }
    }

    private static IEnumerable<string> Paths(DomainConfig config)
    {
        var files = config.Disks.Select(disk => ($"disk {disk.Device}", disk.Source?.LocalPath))
            .Append(("kernel", config.Kernel?.KernelPath))
            .Append(("initial ramdisk", config.Kernel?.InitrdPath))
            .Append(("UEFI variables", config.NvramPath))
            .Append(("console log", config.ConsoleLogPath));
        (string What, string? Path)[] sockets =
        [
            ("VNC socket", config.VncSocketPath), ("serial socket", config.SerialSocketPath), ("agent socket", config.AgentSocketPath),
        ];
        foreach (var (what, path) in files.Concat(sockets))
        {
            if (path is not null && (!Path.IsPathRooted(path) || XmlText.Clean(path) != path))
                yield return $"The path of the {what}, \"{XmlText.Clean(path)}\", is not absolute, or holds a character "
                    + "that libvirt can't be told.";
        }

        foreach (var (what, path) in sockets)
        {
            if (path is not null && Encoding.UTF8.GetByteCount(path) > SocketPathBytesMax)
                yield return $"The path of the {what} is longer than {SocketPathBytesMax} bytes: \"{path}\". Use a shorter data directory.";
        }
    }

    [GeneratedRegex(
        "^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mac();
}
