using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Redoubt.Storage;

namespace Redoubt.Server.Audit;

/// <summary>
/// The file <c>audit.log</c> of the daemon's directory: a line of JSON for each thing that somebody changed or tried to. When it has grown,
/// it becomes <c>audit.log.1</c>, that one <c>audit.log.2</c>, and the oldest goes. In a pool of several hosts these agree to lines before
/// they are written here, and each of them writes them; they have numbers, and an entry of the hosts' log is lines.
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
    private const string Prefix = "{\"n\":";

    private static readonly byte[] PrefixBytes = Encoding.ASCII.GetBytes(Prefix);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Channel<Line> _lines = Channel.CreateBounded<Line>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly PoolFiles _files;
    private readonly string _path;
    private readonly ILogger<AuditLog> _log;
    private readonly long _maxBytes;
    private readonly SemaphoreSlim _turn = new(1);
    private FileStream? _file;
    private bool _isBroken;
    private bool _isAlone;
    private bool _hangs;
    private long _lost;

    /// <exception cref="IOException">The file can't be written.</exception>
    public AuditLog(PoolFiles files, ILogger<AuditLog> log, long maxBytes = DefaultMaxBytes)
    {
        (_files, _path, _log, _maxBytes) = (files, files.PathOf(KeptName.Audit), log, maxBytes);
        _file = Open();
        Last = ReadLast(_path) ?? ReadLast(_path + ".1") ?? 0;
        files.Add(LayWhole);
    }

    /// <summary>What its files are called.</summary>
    public static IEnumerable<string> Names => [KeptName.Audit, .. Enumerable.Range(1, Kept).Select(i => $"{KeptName.Audit}.{i}")];

    /// <summary>The number of the last line; 0 if there is none.</summary>
    public long Last { get; private set; }

    /// <summary>Appends a line, an object of JSON. What it tells of has happened, so failing to write it can only be reported.</summary>
    public Task AppendAsync(ReadOnlySpan<byte> line)
    {
        var written = Volatile.Read(ref _hangs) ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_lines.Writer.TryWrite(new([.. line], written)))
        {
            Interlocked.Increment(ref _lost);
            return Task.CompletedTask;
        }

        WriteWaiting();
        return written is null or { Task.IsCompleted: true } ? Task.CompletedTask : WaitAsync(written.Task);
    }

    /// <summary>Takes what the hosts of the pool have agreed to, on one that does not coordinate it; what it has is passed over.</summary>
    /// <param name="lines">Lines of the coordinator's.</param>
    /// <exception cref="IOException">They can't be written.</exception>
    public void Take(byte[] lines)
    {
        var left = lines.AsSpan();
        for (int length; (length = left.IndexOf((byte)'\n')) >= 0; left = left[(length + 1)..])
        {
            if (NumberOf(left[..length]) is { } number && number > Last)
            {
                Store(left[..(length + 1)]);
                Last = number;
            }
        }
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
                var waiting = new List<Line>();
                while (_lines.Reader.TryRead(out var line))
                {
                    waiting.Add(line);
                }

                _files.Keep(PoolAgreement.Audit, agreement => Write(waiting, agreement));
                Volatile.Write(ref _hangs, false);
                waiting.ForEach(line => line.Written?.SetResult());
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

    private void Write(List<Line> waiting, PoolAgreement? agreement)
    {
        List<byte[]> lines = [.. waiting.Select((line, i) => Numbered(line.Bytes, Last + 1 + i))];
        var isLong = false;
        try
        {
            isLong = agreement?.Entry(PoolAgreement.Audit, Last + lines.Count, [.. lines.SelectMany(l => l)]) ?? false;
            Last += lines.Count;
            _isAlone = false;
        }
        catch (IOException alone)
        {
            // It has happened: this host at least can tell, by lines that are no part of the pool's and so have no number.
            lines = [.. waiting.Select(line => (byte[])[.. line.Bytes, (byte)'\n'])];
            Tell(ref _isAlone, "The audit log {Path} is not shared with the other hosts now: {Message}", alone);
        }

        foreach (var line in lines)
        {
            try
            {
                Store(line);
                _isBroken = false;
            }
            catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
            {
                Tell(ref _isBroken, "The audit log {Path} can't be written, changes go unrecorded: {Message}", unwritten);
            }
        }

        if (isLong)
        {
            try
            {
                LayWhole(agreement!);
            }
            catch (Exception untold) when (untold is IOException or UnauthorizedAccessException)
            {
                Tell(ref _isAlone, "The audit log {Path} can't be laid before the other hosts whole: {Message}", untold);
            }
        }
    }

    // Once for each time that it begins: a full disk would else fill the other log too.
    private void Tell(ref bool isTold, string what, Exception failed)
    {
        if (!isTold)
        {
#pragma warning disable CA2254 // One of three sentences above.
            _log.LogError(what, _path, failed.Message);
#pragma warning restore CA2254
        }

        isTold = true;
    }

    private void Store(ReadOnlySpan<byte> line)
    {
        // Gone if it could not be opened anew when it was last rotated.
        _file ??= Open();
        if (_file.Length > 0 && _file.Length + line.Length > _maxBytes)
        {
            Rotate();
        }

        _file.Write(line);
    }

    // What is older than the last two files stays with the hosts that have it: a host that joins need not be told all of the past.
    private void LayWhole(PoolAgreement agreement) =>
        agreement.Whole(PoolAgreement.Audit, Last, [.. Content(_path + ".1"), .. Content(_path)]);

    private static byte[] Content(string path)
    {
        if (DurableFile.Describe(path) is { } wrong)
        {
            throw new IOException($"The audit log {path} can't be used: {wrong}. Move it away.");
        }

        return File.Exists(path) ? File.ReadAllBytes(path) : [];
    }

    private static byte[] Numbered(byte[] line, long number) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number},")), .. line.AsSpan(1), (byte)'\n'];

    // Of an earlier version, and of a host that was alone, a line has none.
    private static long? NumberOf(ReadOnlySpan<byte> line) =>
        line.StartsWith(PrefixBytes) && Utf8Parser.TryParse(line[PrefixBytes.Length..], out long number, out _) ? number : null;

    // From its end: a log of ten megabytes is not read through to start.
    private static long? ReadLast(string path)
    {
        var content = Content(path).AsSpan();
        while (content.LastIndexOf((byte)'\n') is var end and >= 0)
        {
            if (NumberOf(content[(end + 1)..]) is { } last)
            {
                return last;
            }

            content = content[..end];
        }

        return NumberOf(content);
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
