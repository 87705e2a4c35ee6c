using System.Collections.Immutable;
using System.IO.Pipelines;

namespace Redoubt.Pool;

/// <summary>
/// The serial port of a guest, which takes one client at a time: this one, for all who look. It always reads, for a guest whose port is not
/// read stands still when it writes; who looks and does not keep up gets what was kept for them, and then the end.
/// </summary>
internal sealed class SerialLine : IDisposable
{
    /// <summary>How far behind a viewer may be.</summary>
    private const int ViewerBytesMax = 256 << 10;

    private const int ReadBytes = 16 << 10;

    private readonly Stream _port;
    private readonly Action<SerialLine> _ended;
    private readonly SemaphoreSlim _typing = new(1);
    private readonly Lock _gate = new();
    private ImmutableList<Pipe> _viewers = [];
    private bool _isOver;

    private SerialLine(Stream port, Action<SerialLine> ended) => (_port, _ended) = (port, ended);

    /// <summary>Opens the line over a connected socket, which is its own from now on.</summary>
    /// <param name="port">The socket.</param>
    /// <param name="ended">Called once, when nobody looks any more or the guest has gone.</param>
    /// <param name="first">The first viewer's line.</param>
    public static SerialLine Open(Stream port, Action<SerialLine> ended, out ConsoleLine first)
    {
        var line = new SerialLine(port, ended);
        first = line.TryJoin()!;
        _ = Task.Run(line.ReadAsync);
        return line;
    }

    /// <summary>A line for one more viewer; null if this has ended.</summary>
    public ConsoleLine? TryJoin()
    {
        var pipe = new Pipe(
            new PipeOptions(
                pauseWriterThreshold: ViewerBytesMax, resumeWriterThreshold: ViewerBytesMax / 2, useSynchronizationContext: false));
        lock (_gate)
        {
            if (_isOver)
            {
                return null;
            }

            _viewers = _viewers.Add(pipe);
        }

        return new(pipe.Reader, TypeAsync, () =>
        {
            Leave(pipe);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>Lets the port go.</summary>
    public void Dispose()
    {
        _port.Dispose();
        _typing.Dispose();
    }

    // One at a time, so that what one viewer pastes is not mixed with what another types.
    private async ValueTask TypeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _typing.WaitAsync(cancellationToken);
            try
            {
                await _port.WriteAsync(bytes, cancellationToken);
            }
            finally
            {
                _typing.Release();
            }
        }
        catch (ObjectDisposedException gone)
        {
            throw new IOException("The guest has gone.", gone);
        }
    }

    private void Leave(Pipe viewer)
    {
        bool isLast;
        lock (_gate)
        {
            _viewers = _viewers.Remove(viewer);
            isLast = _viewers.IsEmpty && !_isOver;
            _isOver |= isLast;
        }

        if (isLast)
        {
            _ended(this);
            Dispose();
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[ReadBytes];
        try
        {
            while (await _port.ReadAsync(buffer) is > 0 and var length)
            {
                foreach (var viewer in _viewers)
                {
                    await GiveAsync(viewer, buffer.AsMemory(0, length));
                }
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The guest has gone, or everybody who looked.
        }

        ImmutableList<Pipe> left;
        bool wasOver;
        lock (_gate)
        {
            (left, wasOver, _isOver) = (_viewers, _isOver, true);
        }

        foreach (var viewer in left)
        {
            await viewer.Writer.CompleteAsync();
        }

        if (!wasOver)
        {
            _ended(this);
            Dispose();
        }
    }

    private async ValueTask GiveAsync(Pipe viewer, ReadOnlyMemory<byte> bytes)
    {
        var given = viewer.Writer.WriteAsync(bytes);
        var keepsUp = given.IsCompleted;
        if (!keepsUp)
        {
            viewer.Writer.CancelPendingFlush();
        }

        await given;
        if (!keepsUp)
        {
            lock (_gate)
            {
                _viewers = _viewers.Remove(viewer);
            }

            await viewer.Writer.CompleteAsync();
        }
    }
}
