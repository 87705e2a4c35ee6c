using System.Diagnostics;
using System.Text.Json;

namespace Redoubt.Compute;

/// <summary>
/// Opens a hypervisor in a process that can be spared.
/// </summary>
/// <remarks>
/// libvirt's embedded driver can be opened once in the life of a process: after an attempt that failed it refuses every further one, and an
/// attempt that hangs can't be ended. A daemon that is to take up its hypervisor as soon as that can be had must therefore not be the one
/// that finds out.
/// </remarks>
public static class HypervisorTrial
{
    /// <summary>
    /// The process that tries: opens the hypervisor, lets it go, and says on its output how it went. It ends when its input does.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> PlayAsync(string uri, TextReader input, TextWriter output)
    {
        // Whoever asked may die first; then nobody would end an attempt that hangs, and the root would stay taken.
        _ = Task.Factory.StartNew(
            () =>
            {
                while (input.Read() >= 0)
                {
                }

                Environment.Exit(2);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            await using var hypervisor = await Hypervisor.OpenAsync(new HypervisorOptions { Uri = uri }, CancellationToken.None);
            return 0;
        }
        catch (HypervisorException failure)
        {
            await output.WriteLineAsync(
                JsonSerializer.Serialize(new[] { failure.Failure.ToString(), failure.Subject, failure.Problem, failure.Advice }));
            return 1;
        }
    }

    /// <summary>Has a process try.</summary>
    /// <exception cref="HypervisorException">It could not open the hypervisor, or did not come to an end.</exception>
    internal static async Task RunAsync(
        IReadOnlyList<string> command, string uri, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(command[0], [.. command.Skip(1), uri])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        process.Start();
        using var patience = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
                throw Read(await output) ?? HypervisorLink.Unreachable(
                    uri, $"the attempt to open it ended with code {process.ExitCode}: {(await errors).Trim().ReplaceLineEndings("; ")}",
                    null);
        }
        catch (OperationCanceledException slow) when (!cancellationToken.IsCancellationRequested)
        {
            throw HypervisorLink.Unreachable(uri, $"it has not come up within {limit.TotalSeconds:0} s", slow);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static HypervisorException? Read(string output)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(output) is [var failure, var subject, var problem, var advice]
                && Enum.TryParse<HypervisorFailure>(failure, out var known)
                ? new HypervisorException(known, subject, problem, advice)
                : null;
        }
        catch (JsonException)
        {
            return null; // It ended in the middle.
        }
    }
}
