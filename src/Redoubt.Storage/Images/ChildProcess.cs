using System.ComponentModel;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>Runs one program to its end and tells its failures apart. When waiting ends early, the child has been killed and is gone.</summary>
internal sealed class ChildProcess(TimeProvider timeProvider, string executable, string package = "qemu-utils")
{
    /// <summary>Runs the program and returns what it printed.</summary>
    /// <exception cref="XenApiException">It could not be started, failed, or took longer than the limit.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = Start(arguments);
        using var timeout = new CancellationTokenSource(limit, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);

        // Both pipes are drained to their end, or the child could block on a full one.
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException e)
        {
            // The caller will delete the child's files, so the child must be gone before this returns.
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            await Task.WhenAll(output, errors);
            cancellationToken.ThrowIfCancellationRequested();
            throw SrFailure.Backend(
                SrFailure.General,
                $"{executable} {arguments[0]} did not end within {limit} and was killed: check that the storage below still answers.",
                e);
        }

        var printed = await output;
        var said = (await errors).Trim();
        return process.ExitCode == 0 ? printed : throw Failure(arguments, process.ExitCode, said);
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(executable, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Failures are told apart by the text of the C library, which must not be translated.
        start.Environment["LC_ALL"] = "C";
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw SrFailure.Backend(SrFailure.General, $"{executable} can't be started: install the package {package}.", e);
        }
    }

    private XenApiException Failure(IReadOnlyList<string> arguments, int exitCode, string said)
    {
        var command = $"{executable} {string.Join(' ', arguments)}";
        if (said.Contains("No space left on device", StringComparison.Ordinal) || said.Contains("Disk quota exceeded", StringComparison.Ordinal))
            return SrFailure.Backend(SrFailure.NoSpace, $"The storage is full: free space or enlarge it, then repeat. ({command}: {said})");
        if (said.Contains("lock", StringComparison.Ordinal) && said.Contains("Failed to get", StringComparison.Ordinal))
            return SrFailure.Backend(SrFailure.VdiInUse, $"The image is open elsewhere: shut down the VM that uses it, or take a snapshot. ({command}: {said})");
        if (said.Contains("No such file or directory", StringComparison.Ordinal))
            return SrFailure.Backend(SrFailure.VdiUnavailable, $"The image or its directory is gone: check that the storage is mounted and complete. ({command}: {said})");
        return SrFailure.Backend(SrFailure.General, $"{command} failed with exit code {exitCode}: {said}");
    }
}
