using System.ComponentModel;
using System.Diagnostics;

namespace Redoubt.Agreement;

/// <summary>etcd, as it is installed on this host.</summary>
public static class EtcdProgram
{
    /// <summary>Its name.</summary>
    internal const string Name = "etcd";

    private const int AnswerMax = 1 << 12;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>What it says of its version, in a line; <see langword="null"/> where there is none that runs.</summary>
    public static async Task<string?> FindVersionAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var run = await ProgramRun.RunAsync(new ProcessStartInfo(Name, ["--version"]), AnswerMax, Limit, time, cancellationToken);
            return run is { ExitCode: 0 } ? run.Output.Split('\n')[0].Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
