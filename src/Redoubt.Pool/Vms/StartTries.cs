using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Starts VMs that the daemon is to start by itself. One that can't be is told of at first and in the end, and in between tried again:
/// storage, hosts and other sites may come up later. Every check of a start is made.
/// </summary>
/// <param name="pool">The pool.</param>
/// <param name="start">Starts one.</param>
/// <param name="announce">What people are told of a VM, by what did not work.</param>
internal sealed class StartTries(PoolServices pool, VmStartCalls start, Func<VmRecord, string, Announcement> announce)
{
    /// <summary>How often one is tried.</summary>
    public const int Most = 21;

    /// <summary>How long after all have been tried.</summary>
    public static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(30);

    /// <summary>Tries one.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="attempt">How often that makes, from 1.</param>
    /// <param name="stopping">Gives up.</param>
    /// <returns>Why it does not run, in a sentence; empty if it does.</returns>
    public async Task<string> TryAsync(Ref<VmRecord> vm, int attempt, CancellationToken stopping)
    {
        if (pool.State.Find(vm) is not { } record)
        {
            return "It has been removed.";
        }

        try
        {
            await start.StartAsync(CallContext.OfDaemon(pool, stopping), vm, startPaused: false, force: false);
            return "";
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Whatever it was: one VM does not hold up the others.
            var why = ErrorSentences.Of(e);
            if (attempt is 1 or Most)
            {
                await TellAsync(announce(
                    record,
                    $"{why} " + (attempt == 1
                        ? "It is tried again for ten minutes."
                        : "It stays off: start it when that is mended (vm-start).")));
            }

            return why;
        }
    }

    /// <summary>Tells people. A database that takes no message now must not end the daemon, nor the starts of others.</summary>
    public async Task TellAsync(Announcement announcement)
    {
        try
        {
            await pool.PostAsync(announcement);
        }
        catch (Exception e)
        {
            pool.Loggers.CreateLogger<StartTries>().LogError(e, "This could not be posted: {Text}", announcement.Text);
        }
    }
}
