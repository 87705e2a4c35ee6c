using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Redoubt.Compute;

/// <summary>A process that libvirt started for a guest on an embedded root: QEMU, or the guest's TPM.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Name">The domain's name, which is the VM's UUID.</param>
internal sealed record GuestProcess(int Pid, string Name)
{
    /// <summary>
    /// Every one of a root. Found by what each was started with, since a record may be gone or name a number that is another's now.
    /// </summary>
    internal static List<GuestProcess> ListOn(string root)
    {
        var mine = Path.Combine(root, "lib", "qemu", "domain-");
        return List(arguments => NameOf(arguments, mine));
    }

    /// <summary>The TPMs of a root's guests, likewise.</summary>
    internal static List<GuestProcess> ListTpmsOn(string root) => List(arguments => TpmOf(arguments, $"dir={TpmStates.Of(root)}/"));

    /// <summary>Whether it still runs; a process that is only waited for by its parent does not.</summary>
    internal bool IsAlive()
    {
        try
        {
            // The state stands behind the name, which is in parentheses and may hold any character.
            var stat = File.ReadAllText($"/proc/{Pid}/stat");
            return stat.AsSpan(stat.LastIndexOf(')') + 2) is not ['Z' or 'X', ..];
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Ends it, whatever it is doing; false: it did not end in time, as one that waits for storage may not.</summary>
    internal bool Kill(TimeSpan limit)
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            process.Kill();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return true;
        }

        return SpinWait.SpinUntil(() => !IsAlive(), limit);
    }

    /// <summary>What it was started with; nothing if it has ended.</summary>
    internal string[] Arguments() => Arguments(Pid);

    private static List<GuestProcess> List(Func<string[], string?> nameOf)
    {
        var found = new List<GuestProcess>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && nameOf(Arguments(pid)) is { } name)
                found.Add(new GuestProcess(pid, name));
        }

        return found;
    }

    private static string[] Arguments(int pid)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return []; // It has ended meanwhile, or is somebody else's.
        }
    }

    private static string? TpmOf(string[] arguments, string mine) =>
        arguments.FirstOrDefault(a => a.StartsWith(mine, StringComparison.Ordinal))?[mine.Length..].Split('/')[0];

    private static string? NameOf(string[] arguments, string mine)
    {
        var guest = arguments.FirstOrDefault(a => a.StartsWith("guest=", StringComparison.Ordinal));
        return guest is not null && arguments.Any(a => a.Contains(mine, StringComparison.Ordinal))
            ? guest["guest=".Length..].Split(',')[0]
            : null;
    }
}
