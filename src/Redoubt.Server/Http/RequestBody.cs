using Microsoft.AspNetCore.Http;

namespace Redoubt.Server.Http;

/// <summary>Reads the bodies of calls, of which nobody has shown yet who they are: a limit for each, and one for all together.</summary>
internal sealed class RequestBody
{
    /// <summary>The longest body of a call. The longest that clients send, a VM's whole record, has some ten thousand bytes.</summary>
    public const int MaxBytes = 16 << 20;

    private const long MaxBytesTogether = 128 << 20;

    private long _held;

    /// <summary>Reads a body and gives it to a reader, which must not keep it.</summary>
    /// <exception cref="BadHttpRequestException">It is too long, too slow, or breaks off.</exception>
    public async Task<T> ReadAsync<T>(HttpRequest request, Func<MemoryStream, T> read, CancellationToken gone)
    {
        long counted = 0;
        using var body = new MemoryStream();
        try
        {
            while (true)
            {
                var chunk = await request.BodyReader.ReadAsync(gone);
                foreach (var segment in chunk.Buffer)
                {
                    body.Write(segment.Span);
                }

                request.BodyReader.AdvanceTo(chunk.Buffer.End);
                var grown = body.Length - counted;
                counted = body.Length;
                if (Interlocked.Add(ref _held, grown) > MaxBytesTogether)
                {
                    throw new BadHttpRequestException("The server has too many long requests. Repeat it later.", StatusCodes.Status503ServiceUnavailable);
                }

                if (chunk.IsCompleted)
                {
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
}
