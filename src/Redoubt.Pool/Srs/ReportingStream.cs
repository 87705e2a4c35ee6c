using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Reads another stream and reports how much of it has been read, each twentieth once.</summary>
/// <param name="inner">The other stream; closed with this one.</param>
/// <param name="expectedBytes">About how long it is.</param>
/// <param name="report">Told the part that has been read, from 0 to 1.</param>
internal sealed class ReportingStream(Stream inner, long expectedBytes, Func<double, Task> report) : ForwardStream
{
    private const int Parts = 20;

    private long _read;
    private long _told;

    // Nothing is reported of what is read so: that would have to be waited for.
    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        _read += count;
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        _read += count;
        var part = Math.Min(Parts, _read * Parts / Math.Max(1, expectedBytes));
        if (part > _told)
        {
            _told = part;
            await report((double)part / Parts);
        }

        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
