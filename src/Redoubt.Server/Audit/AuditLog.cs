using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Redoubt.Storage;

namespace Redoubt.Server.Audit;

/// <summary>
/// The file <c>audit.log</c> of the daemon's directory: a line for each thing that somebody changed or tried to. When it has grown, it
/// becomes <c>audit.log.1</c>, that one <c>audit.log.2</c>, and the oldest goes.
/// </summary>
/// <remarks>
/// Who appends writes, and what others append meanwhile with it; these wait, but no longer than <see cref="Patience"/> and without a
/// thread: a directory that hangs must not keep anybody from logging in to see what is wrong. It keeps one, in the write. The lines stay in
/// order and are written when the directory answers again.
/// </remarks>
internal sealed class AuditLog : IAsyncDisposable
{
    /// <summary>How many old files are kept.</summary>
    public const int Kept = 9;

    private const long DefaultMaxBytes = 10 << 20;
    private const int MostWaiting = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Channel<Line> _lines = Channel.CreateBounded<Line>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly string _path;
    private readonly ILogger<AuditLog> _log;
    private readonly long _maxBytes;
    private readonly SemaphoreSlim _turn = new(1);
    private FileStream? _file;
    private bool _isBroken;
    private bool _hangs;
    private long _lost;

    /// <exception cref="IOException">The file can't be written.</exception>
    public AuditLog(string directory, ILogger<AuditLog> log, long maxBytes = DefaultMaxBytes)
    {
        _path = Path.Combine(directory, "audit.log");
        (_log, _maxBytes) = (log, maxBytes);
        _file = Open();
    }

    /// <summary>Appends a line. What it tells of has happened, so failing to write it can only be reported.</summary>
    public Task AppendAsync(ReadOnlySpan<byte> line)
    {
        var written = Volatile.Read(ref _hangs) ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_lines.Writer.TryWrite(new([.. line, (byte)'\n'], written)))
        {
            Interlocked.Increment(ref _lost);
            return Task.CompletedTask;
        }

        WriteWaiting();
        return written is null or { Task.IsCompleted: true } ? Task.CompletedTask : WaitAsync(written.Task);
    }

    /// <summary>Writes what waits, unless the directory hangs.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        if (await _turn.WaitAsync(Patience))
        {
            if (_file is not null)
            {
                await _file.DisposeAsync();
            }

            _turn.Dispose();
        }
    }

    // Without a thread: where many wait, whoever writes would not get one any more.
    private async Task WaitAsync(Task written)
    {
        try
        {
            await written.WaitAsync(Patience);
        }
        catch (TimeoutException) when (!written.IsCompleted)
        {
            // Nobody else waits until it answers.
            if (!Interlocked.Exchange(ref _hangs, true))
            {
                _log.LogError(
                    "The audit log {Path} has not been written within {Seconds} seconds; its lines wait", _path, Patience.TotalSeconds);
            }
        }
    }

    private FileStream Open()
    {
        // A link could lead anywhere, and a pipe would wait for its reader.
        if (DurableFile.Describe(_path) is { } wrong)
        {
            throw new IOException($"The audit log {_path} can't be used: {wrong}. Move it away; a new one is made.");
        }

        return new(_path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    // Whoever has the turn writes all there is, and looks once more after giving it back: a line may have come in between.
    private void WriteWaiting()
    {
        while (_lines.Reader.TryPeek(out _) && _turn.Wait(0))
        {
            try
            {
                while (_lines.Reader.TryRead(out var line))
                {
                    Write(line.Bytes);
                    Volatile.Write(ref _hangs, false);
                    line.Written?.SetResult();
                }

                if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
                {
                    _log.LogError("The audit log {Path} lacks {Lost} lines, of the time when it could not be written", _path, lost);
                }
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private void Write(byte[] line)
    {
        try
        {
            // Gone if it could not be opened anew when it was last rotated.
            _file ??= Open();
            if (_file.Length > 0 && _file.Length + line.Length > _maxBytes)
            {
                Rotate();
            }

            _file.Write(line);
            _isBroken = false;
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            // Once for each time that it breaks: a full disk would else fill the other log too.
            if (!_isBroken)
            {
                _log.LogError("The audit log {Path} can't be written, changes go unrecorded: {Message}", _path, unwritten.Message);
            }

            _isBroken = true;
        }
    }

    private void Rotate()
    {
        _file!.Dispose();
        _file = null;
        for (var old = Kept - 1; old >= 1; old--)
        {
            if (File.Exists($"{_path}.{old}"))
            {
                DurableFile.Rename($"{_path}.{old}", $"{_path}.{old + 1}");
            }
        }

        DurableFile.Rename(_path, _path + ".1");
        _file = Open();
    }

    private readonly record struct Line(byte[] Bytes, TaskCompletionSource? Written);
}
