using System.ComponentModel;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// The program <c>zstd</c>, between whoever writes and whoever reads. When the reader has what it wants, or either of them fails, it is
/// ended; its own limit keeps what it unpacks from taking memory without end.
/// </summary>
internal static class ZstdProgram
{
    /// <summary>Runs it until the reader has what it wants, or something fails.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="write">Writes what it is given.</param>
    /// <param name="read">Reads what it makes of that.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="XenApiException">
    /// <c>VALUE_NOT_SUPPORTED</c>: it is not installed. <c>IMPORT_ERROR</c>: it can make nothing of what it is given.
    /// </exception>
    public static async Task RunAsync(
        string[] arguments, Func<Stream, CancellationToken, Task> write, Func<Stream, Task> read, CancellationToken cancellationToken)
    {
        using var process = Start(arguments);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var complaint = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var writing = WriteAsync(process, write, ended.Token);
        try
        {
            await read(process.StandardOutput.BaseStream);

            // A reader that stops before the end is content with what it has; then the writer finds nobody there any more.
            if (await process.StandardOutput.BaseStream.ReadAsync(new byte[1], cancellationToken) == 0)
            {
                await writing;
            }
        }
        catch (XenApiException cut) when (cut.Code == "IMPORT_ERROR_PREMATURE_EOF" && IsRefused(process))
        {
            throw new XenApiException(cut, "IMPORT_ERROR", $"the file is damaged: {XmlText.CleanLine(await complaint)}");
        }
        finally
        {
            await ended.CancelAsync();
            if (!process.HasExited)
            {
                process.Kill();
            }

            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("zstd", arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception missing)
        {
            throw new XenApiException(
                missing, "VALUE_NOT_SUPPORTED", "compression", "zstd",
                "The program zstd is not installed on this host. Install it, or use gzip.");
        }
    }

    // Its output has ended, so that it ends too.
    private static bool IsRefused(Process process) => process.WaitForExit(TimeSpan.FromSeconds(5)) && process.ExitCode != 0;

    private static async Task WriteAsync(Process process, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await write(process.StandardInput.BaseStream, cancellationToken);
            process.StandardInput.Close();
        }
        catch
        {
            // Or it would take what it has for the whole, and pass it on as such.
            process.Kill();
            throw;
        }
    }
}
