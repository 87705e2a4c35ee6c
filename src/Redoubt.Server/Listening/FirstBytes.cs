using System.Buffers;
using System.IO.Pipelines;

namespace Redoubt.Server.Listening;

/// <summary>What a connection begins with: by that it is known what does not go to the HTTP server.</summary>
internal static class FirstBytes
{
    /// <summary>Whether a connection begins with these bytes. Nothing is taken from it.</summary>
    public static async Task<bool> AreAsync(PipeReader input, byte[] begins, CancellationToken limit)
    {
        while (true)
        {
            var read = await input.ReadAsync(limit);
            var seen = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, begins.Length)).ToArray();
            var fits = begins.AsSpan(0, seen.Length).SequenceEqual(seen);
            var isDecided = !fits || seen.Length == begins.Length || read.IsCompleted;
            input.AdvanceTo(read.Buffer.Start, isDecided ? read.Buffer.Start : read.Buffer.End);
            if (isDecided)
            {
                return fits && seen.Length == begins.Length;
            }
        }
    }
}
