using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Redoubt;

/// <summary>
/// A program, run to its end. It has ended when its process has: whatever that left in the background may hold the pipes open for as long
/// as it likes. Of what it prints the end is kept, up to a limit. When waiting ends early, the program has been killed.
/// </summary>
/// <remarks>Compiled into each project that runs programs, for they have no floor in common but the data model.</remarks>
/// <param name="ExitCode">What it ended with.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it complained of.</param>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    // What the process itself has printed lies in the pipes when it ends, and is read in no time.
    private static readonly TimeSpan ReadingLimit = TimeSpan.FromSeconds(1);

    // A process that waits for dead storage can't be killed, and must not hold up whoever has given it up.
    private static readonly TimeSpan DyingLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs a program.</summary>
    /// <param name="start">Which, and how. Its pipes are seen to here.</param>
    /// <param name="keep">How many characters of each of its two outputs are kept at least, from their ends.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock of the limit.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <param name="input">What it reads, no more than a pipe holds; null: nothing.</param>
    /// <returns>How it ended; null if it did not within the limit, and was killed.</returns>
    /// <exception cref="Win32Exception">It can't be started.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<ProgramRun?> RunAsync(
        ProcessStartInfo start, int keep, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken,
        string? input = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        (start.UseShellExecute, start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (false, true, true, true);
        using var process = new Process { StartInfo = start };
        process.Start();
        Give(process, input);
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var reading = new CancellationTokenSource();

        // Both are read as they come, or the program could block on a full pipe.
        var (output, errors) = (ReadAsync(process.StandardOutput, keep, reading.Token), ReadAsync(process.StandardError, keep, reading.Token));
        var isEnded = false;
        try
        {
            await process.WaitForExitAsync(either.Token);
            isEnded = true;
        }
        catch (OperationCanceledException)
        {
            await KillAsync(process);
        }

        reading.CancelAfter(ReadingLimit);
        var (printed, said) = (await output, await errors);
        cancellationToken.ThrowIfCancellationRequested();
        return isEnded ? new(process.ExitCode, printed, said) : null;
    }

    private static void Give(Process process, string? input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading, and says why.
        }
    }

    private static async Task KillAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception refused) when (refused is AggregateException or Win32Exception)
        {
            // One of them belongs to somebody else. Those that could be killed have been.
        }

        // Whoever gave it up deletes its files, so it should be gone by then.
        using var dying = new CancellationTokenSource(DyingLimit);
        try
        {
            await process.WaitForExitAsync(dying.Token);
        }
        catch (OperationCanceledException)
        {
            // It dies when its storage answers.
        }
    }

    private static async Task<string> ReadAsync(StreamReader pipe, int keep, CancellationToken cancellationToken)
    {
        var (text, piece) = (new StringBuilder(), new char[4096]);
        try
        {
            while (await pipe.ReadAsync(piece, cancellationToken) is > 0 and var count)
            {
                text.Append(piece, 0, count);
                if (text.Length > 2 * keep)
                {
                    text.Remove(0, text.Length - keep);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Somebody in the background has the pipe.
        }

        return text.ToString();
    }
}
