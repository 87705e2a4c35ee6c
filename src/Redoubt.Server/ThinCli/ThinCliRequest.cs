using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// What a thin client asks for: an HTTP request whose body has a word on each line, the user's name and password among them.
/// </summary>
/// <param name="Words">The words but for name and password.</param>
/// <param name="User">The user's name.</param>
/// <param name="Password">The password.</param>
internal sealed record ThinCliRequest(IReadOnlyList<string> Words, string User, string Password)
{
    private const int MaxHeadBytes = 16 << 10;
    private const int MaxBodyBytes = 1 << 20;

    /// <summary>What such a request begins with.</summary>
    public static byte[] Begins { get; } = "POST /cli HTTP/1."u8.ToArray();

    /// <summary>Takes the request; null if it is too long, breaks off or is none.</summary>
    public static async Task<ThinCliRequest?> ReadAsync(PipeReader input, CancellationToken limit)
    {
        while (true)
        {
            var read = await input.ReadAsync(limit);
            if (Parse(read.Buffer, out var end) is { } request)
            {
                input.AdvanceTo(end);
                return request;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || read.Buffer.Length > MaxHeadBytes + MaxBodyBytes)
            {
                return null;
            }
        }
    }

    // A record prints all its properties; a password must not get into a log that way.
    public override string ToString() => User;

    private static ThinCliRequest? Parse(ReadOnlySequence<byte> buffer, out SequencePosition end)
    {
        end = buffer.Start;
        var start = buffer.Slice(0, Math.Min(buffer.Length, MaxHeadBytes)).ToArray();
        var bodyAt = start.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        var lengthLine = bodyAt < 4 ? null : Encoding.ASCII.GetString(start, 0, bodyAt).Split("\r\n")
            .FirstOrDefault(l => l.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        if (lengthLine is null || !int.TryParse(lengthLine["content-length:".Length..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > MaxBodyBytes || buffer.Length < bodyAt + length)
        {
            return null;
        }

        end = buffer.GetPosition(bodyAt + length);
        var words = Encoding.UTF8.GetString(buffer.Slice(bodyAt, length)).Split('\n').ToList();
        return new(words, Take(words, "username="), Take(words, "password=")) { Words = words };
    }

    // The client puts its own two words last; a parameter of the command may be called alike.
    private static string Take(List<string> words, string name)
    {
        var at = words.FindLastIndex(w => w.StartsWith(name, StringComparison.Ordinal));
        if (at < 0)
        {
            return "";
        }

        var value = words[at][name.Length..];
        words.RemoveAt(at);
        return value;
    }
}
