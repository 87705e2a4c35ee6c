using System.ComponentModel;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>
/// Runs one program to its end and tells its failures apart. When waiting ends early, the child has been killed and is gone.
/// </summary>
internal sealed class ChildProcess(TimeProvider timeProvider, string executable, string package = "qemu-utils")
{
    // What these programs are asked fits many times over; what is longer is no answer.
    private const int OutputMax = 1 << 24;

    /// <summary>Runs the program and returns what it printed.</summary>
    /// <exception cref="XenApiException">It could not be started, failed, or took longer than the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var ended = await TryRunAsync(arguments, limit, cancellationToken);
        return ended switch
        {
            null => throw SrFailure.Backend(
                SrFailure.General,
                $"{executable} {arguments[0]} did not end within {limit} and was killed: check that the storage below still answers."),
            { ExitCode: 0 } => ended.Output,
            _ => throw Failure(arguments, ended.ExitCode, ended.Errors.Trim()),
        };
    }

    /// <summary>Runs the program and returns how it ended, for whom a failure of it is an answer too.</summary>
    /// <returns>Null if it took longer than the limit, and was killed.</returns>
    /// <exception cref="XenApiException">It could not be started.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<ProgramRun?> TryRunAsync(IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken) =>
        TryRunAsync(arguments, null, limit, cancellationToken);

    /// <summary>The same of a program that reads something, which nobody else on this host sees.</summary>
    /// <inheritdoc cref="TryRunAsync(IReadOnlyList{string}, TimeSpan, CancellationToken)"/>
    public async Task<ProgramRun?> TryRunAsync(
        IReadOnlyList<string> arguments, string? input, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(executable, arguments);

        // Failures are told apart by the text of the C library, which must not be translated.
        start.Environment["LC_ALL"] = "C";
        try
        {
            return await ProgramRun.RunAsync(start, OutputMax, limit, timeProvider, cancellationToken, input);
        }
        catch (Win32Exception e)
        {
            throw SrFailure.Backend(SrFailure.General, $"{executable} can't be started: install the package {package}.", e);
        }
    }

    private XenApiException Failure(IReadOnlyList<string> arguments, int exitCode, string said)
    {
        var command = $"{executable} {string.Join(' ', arguments)}";
        if (said.Contains("No space left on device", StringComparison.Ordinal)
            || said.Contains("Disk quota exceeded", StringComparison.Ordinal))
            return SrFailure.Backend(SrFailure.NoSpace, $"The storage is full: free space or enlarge it, then repeat. ({command}: {said})");
        if (said.Contains("lock", StringComparison.Ordinal) && said.Contains("Failed to get", StringComparison.Ordinal))
            return SrFailure.Backend(
                SrFailure.VdiInUse, $"The image is open elsewhere: shut down the VM that uses it, or take a snapshot. ({command}: {said})");
        if (said.Contains("No such file or directory", StringComparison.Ordinal))
            return SrFailure.Backend(
                SrFailure.VdiUnavailable,
                $"The image or its directory is gone: check that the storage is mounted and complete. ({command}: {said})");
        return SrFailure.Backend(SrFailure.General, $"{command} failed with exit code {exitCode}: {said}");
    }
}
