using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Redoubt.Compute;

/// <summary>A QEMU process that libvirt started on an embedded root.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Name">The domain's name, which is the VM's UUID.</param>
internal sealed record GuestProcess(int Pid, string Name)
{
    /// <summary>Every one of a root. Found by what each was started with, since a record may be gone or name a number that is another's now.</summary>
    internal static List<GuestProcess> ListOn(string root)
    {
        var mine = Path.Combine(root, "lib", "qemu", "domain-");
        var found = new List<GuestProcess>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && NameOf(pid, mine) is { } name)
                found.Add(new GuestProcess(pid, name));
        }

        return found;
    }

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

    private static string? NameOf(int pid, string mine)
    {
        string[] arguments;
        try
        {
            arguments = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Split('\0');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null; // It has ended meanwhile, or is somebody else's.
        }

        var guest = arguments.FirstOrDefault(a => a.StartsWith("guest=", StringComparison.Ordinal));
        return guest is not null && arguments.Any(a => a.Contains(mine, StringComparison.Ordinal)) ? guest["guest=".Length..].Split(',')[0] : null;
    }
}
