using System.Diagnostics;

namespace Redoubt.EndToEnd.Tests;

/// <summary>The processes of guests on this machine.</summary>
internal static class GuestProcesses
{
    /// <summary>Those whose command line has some words, such as a directory in it; one that is just ending is none any more.</summary>
    public static List<Process> With(string words) => [.. Process.GetProcesses().Where(p =>
    {
        try
        {
            return p.ProcessName.StartsWith("qemu-system", StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{p.Id}/cmdline").Contains(words, StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            return false;
        }
    })];

    /// <summary>Those of daemons whose directories lie below one.</summary>
    public static List<Process> Below(string directory) => With(directory + "/");

    /// <summary>Kills those whose command line has some words, and waits for their end.</summary>
    public static async Task KillAsync(string words)
    {
        foreach (var guest in With(words))
        {
            using (guest)
            {
                guest.Kill();
                await guest.WaitForExitAsync(CancellationToken.None);
            }
        }
    }
}
