using System.Text;
using Microsoft.AspNetCore.Http;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// Reads the bodies of calls, of which nobody has shown yet who they are. One that is longer than a login needs is read on only if a
/// session stands in its beginning; besides there is a limit for each, and one for all together.
/// </summary>
/// <param name="isSession">Whether a reference is that of a session.</param>
internal sealed class RequestBody(Func<string, bool> isSession)
{
    /// <summary>The longest body of a call. The longest that clients send, a VM's whole record, has some ten thousand bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>The longest body without a session.</summary>
    public const int MaxBytesOfStrangers = 64 << 10;

    private const long MaxBytesTogether = 128 << 20;

    private long _held;

    /// <summary>Reads a body and gives it to a reader, which must not keep it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">The reader.</param>
    /// <param name="gone">Set when the client has gone.</param>
    /// <param name="isKnown">Whether it has been shown already who sends it.</param>
    /// <exception cref="WireFormatException">It is longer than one without a session may be, or what the reader throws.</exception>
    /// <exception cref="BadHttpRequestException">It is too long, too slow, or breaks off.</exception>
    public async Task<T> ReadAsync<T>(HttpRequest request, Func<MemoryStream, T> read, CancellationToken gone, bool isKnown = false)
    {
        long counted = 0;
        var isRefused = false;
        using var body = new MemoryStream();
        try
        {
            while (true)
            {
                var chunk = await request.BodyReader.ReadAsync(gone);
                foreach (var segment in chunk.Buffer)
                {
                    body.Write(isRefused ? [] : segment.Span);
                }

                request.BodyReader.AdvanceTo(chunk.Buffer.End);
                var grown = body.Length - counted;
                counted = body.Length;
                if (Interlocked.Add(ref _held, grown) > MaxBytesTogether)
                {
                    throw new BadHttpRequestException(
                        "The server has too many long requests. Repeat it later.", StatusCodes.Status503ServiceUnavailable);
                }

                if (!isKnown && !isRefused && counted > MaxBytesOfStrangers)
                {
                    // The rest is read and thrown away: a client that still sends would not see the answer.
                    isKnown = HasSession(body.GetBuffer().AsSpan(0, MaxBytesOfStrangers));
                    isRefused = !isKnown;
                }

                if (chunk.IsCompleted)
                {
                    if (isRefused)
                    {
                        throw new WireFormatException(
                            $"SESSION_INVALID: a call may have more than {MaxBytesOfStrangers} bytes only in a session, which is its first "
                                + "parameter. Log in first.");
                    }

                    body.Position = 0;
                    return read(body);
                }
            }
        }
        catch (IOException malformed) when (malformed is not BadHttpRequestException && !gone.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The request's body is not of the form that its headers say.", malformed);
        }
        finally
        {
            Interlocked.Add(ref _held, -counted);
        }
    }

    private bool HasSession(ReadOnlySpan<byte> beginning)
    {
        const int Length = 46;
        for (var tries = 0; tries < 16 && beginning.IndexOf("OpaqueRef:"u8) is >= 0 and var at && at + Length <= beginning.Length; tries++)
        {
            if (isSession(Encoding.ASCII.GetString(beginning.Slice(at, Length))))
            {
                return true;
            }

            beginning = beginning[(at + 1)..];
        }

        return false;
    }
}
