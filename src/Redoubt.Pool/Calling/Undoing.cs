using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes back what a call has done before it failed. That this fails as well must not hide why the call failed, nor keep the rest from
/// being taken back: people are told what is left behind.
/// </summary>
internal static class Undoing
{
    /// <summary>Does one part of it.</summary>
    /// <param name="pool">Where people are told.</param>
    /// <param name="about">What kind of object is left behind or in doubt.</param>
    /// <param name="uuid">Which one.</param>
    /// <param name="left">What is left behind if it can't be done, and what to do about it, a sentence.</param>
    /// <param name="undo">What to do.</param>
    public static async Task TryAsync(PoolServices pool, Cls about, string uuid, string left, Func<Task> undo)
    {
        try
        {
            await undo();
        }
        catch (Exception e)
        {
            try
            {
                await pool.PostAsync(new Announcement.LeftBehind(about, uuid, $"{left} ({e.Message})"));
            }
            catch (XenApiException)
            {
                // The database can't be written. That is why the call has failed, most likely, and what its caller hears.
                pool.Loggers.CreateLogger(typeof(Undoing))
                    .LogError(e, "What was begun could not be taken back, nor announced: {Left}", left);
            }
        }
    }
}
