using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps the messages for people over restarts: <c>messages.jsonl</c> of the daemon's directory, a line for each that was made or removed.
/// They are no part of the pool's database, as with xapi, whose database has no table for them.
/// <code>
///  any transaction ─► published ─► queue ─► one worker: has the other hosts agree, if there are any, appends, flushes
/// </code>
/// </summary>
/// <remarks>
/// Lines are numbered, and an entry of the log that the hosts agree to is lines. All of it is a whole file, and takes the place of what
/// there is, since what has been removed is not in it.
/// </remarks>
internal sealed class MessageLog : IAsyncDisposable
{
    /// <summary>How many messages there are at most; the oldest go.</summary>
    public const int Most = 10_000;

    // The first line, so that a file that was emptied is told from one without messages.
    private static readonly byte[] Heading = [.. "{\"format\":1}\n"u8];

    // Lines that stand for nothing any more are left until they are as many as those that do.
    private const int MostLines = 2 * Most;

    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    private readonly Channel<Item> _queue = Channel.CreateUnbounded<Item>(new UnboundedChannelOptions { SingleReader = true });
    private readonly PoolFiles _files;
    private readonly string _path;
    private readonly ILogger _log;
    private readonly SortedDictionary<long, Line> _kept = [];
    private readonly Dictionary<string, long> _numbers = [];
    private int _lines;
    private bool _isAgreed = true; // to all that has been made so far
    private FileStream? _file;
    private IDisposable? _subscription;
    private Task _worker = Task.CompletedTask;

    private MessageLog(PoolFiles files, ILogger log) => (_files, _path, _log) = (files, files.PathOf(KeptName.Messages), log);

    /// <summary>The number of the last line; 0 if there is none.</summary>
    public long Last { get; private set; }

    private static string Advice => KeptName.Find(KeptName.Messages)!.Advice;

    /// <summary>Reads the file. Its last line may be torn, by a crash while it was written; nothing else may.</summary>
    /// <param name="files">What it is one of.</param>
    /// <param name="log">Told of each message, and of what keeps one from being kept.</param>
    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static MessageLog Open(PoolFiles files, ILogger<MessageLog> log)
    {
        var read = new MessageLog(files, log);
        var content = Read(read._path);
        if (content is not null && !content.AsSpan().StartsWith(Heading))
        {
            throw new InvalidDataException(
                $"{read._path} is cut or garbled: it does not begin as messages do. Nothing was changed. {Advice}");
        }

        try
        {
            if (content is not null)
            {
                read.TakeLines(content.AsSpan(Heading.Length), after: 0);
            }
        }
        catch (Exception garbled) when (IsGarbled(garbled))
        {
            throw new InvalidDataException($"{read._path} is garbled in line {read._lines + 2} ({garbled.Message.TrimEnd('.')}). Nothing "
                + $"was changed. {Advice}", garbled);
        }

        return read;
    }

    /// <summary>Takes what the hosts of the pool have agreed to, on one that does not coordinate it; what it has is passed over.</summary>
    /// <param name="entry">Lines, or a whole file.</param>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    /// <exception cref="IOException">It can't be written, and is with the next.</exception>
    public void Take(byte[] entry)
    {
        try
        {
            if (entry.AsSpan().StartsWith(Heading))
            {
                _kept.Clear();
                _numbers.Clear();
                TakeLines(entry.AsSpan(Heading.Length), after: 0);
                Rewrite();
            }
            else
            {
                Store(TakeLines(entry, after: Last));
            }
        }
        catch (Exception garbled) when (IsGarbled(garbled))
        {
            throw new InvalidDataException($"Messages can't be taken from the other hosts: {garbled.Message.TrimEnd('.')}.", garbled);
        }
    }

    /// <summary>Makes a message, and the oldest go when there are too many.</summary>
    public static Ref<MessageRecord> Add(
        Transaction tx, string name, long priority, Cls about, string uuid, string body, DateTimeOffset now)
    {
        var made = tx.Create(
            new MessageRecord { Name = name, Priority = priority, Cls = about, ObjUuid = uuid, Body = body, Timestamp = now });
        Trim(tx);
        return made;
    }

    /// <summary>Makes the message of an announcement.</summary>
    public static Ref<MessageRecord> Add(Transaction tx, Announcement announcement, DateTimeOffset now) =>
        Add(tx, announcement.Name, announcement.Priority, announcement.About, announcement.Uuid, announcement.Text, now);

    private static void Trim(Transaction tx)
    {
        var surplus = tx.State.Table(MessageRecord.Declaration).Count - Most;
        if (surplus > 0)
        {
            // Nearly always one: then this is a single pass.
            foreach (var (reference, _) in tx.State.All<MessageRecord>().OrderBy(m => m.Record.Timestamp).Take(surplus).ToList())
            {
                tx.Delete(reference);
            }
        }
    }

    /// <summary>Brings the messages back.</summary>
    public void Load(Transaction tx)
    {
        foreach (var line in _kept.Values)
        {
            tx.Put(MessageRecord.Declaration, line.Ref, line.ToRecord());
        }

        Trim(tx);
    }

    /// <summary>Begins to keep what is made and removed.</summary>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Start(PoolDatabase database)
    {
        Rewrite();
        _files.Add(LayWhole);
        _subscription = database.Subscribe((_, changes) =>
        {
            foreach (var change in changes)
            {
                if (change.Class == MessageRecord.Declaration)
                {
                    _queue.Writer.TryWrite(new(Line.Of(change.Ref, change.After?.Record as MessageRecord), null));
                }
            }
        });
        _worker = Task.Run(WorkAsync);
    }

    /// <summary>Answers when every message that is published now is durable.</summary>
    /// <exception cref="XenApiException"><c>INTERNAL_ERROR</c>: it can't be written.</exception>
    public Task WrittenAsync(CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _queue.Writer.TryWrite(new(null, written)) ? written.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        _queue.Writer.TryComplete();
        await _worker;
        if (_file is not null)
        {
            await _file.DisposeAsync();
        }
    }

    private static byte[]? Read(string path)
    {
        try
        {
            return DurableFile.Read(path);
        }
        catch (InvalidDataException unusable)
        {
            throw new InvalidDataException($"{unusable.Message} Nothing was changed. {Advice}", unusable);
        }
    }

    private async Task WorkAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            var (made, waiting) = (new List<Line>(), new List<TaskCompletionSource>());
            while (_queue.Reader.TryRead(out var item))
            {
                if (item.Waiting is { } waits)
                {
                    waiting.Add(waits);
                }
                else
                {
                    made.Add(item.Line!);
                    Tell(item.Line!);
                }
            }

            try
            {
                _files.Keep(PoolAgreement.Messages, agreement => Write(made, agreement));
                waiting.ForEach(w => w.TrySetResult());
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                // Written whole with the next ones: what is on disk now may end in the middle of a line.
                Close();
                waiting.ForEach(
                    w => w.TrySetException(new XenApiException(failed, "INTERNAL_ERROR", $"The message can't be kept: {failed.Message}")));
            }
        }
    }

    // What they have not agreed to is laid before the others whole, with the next ones.
    private void Write(List<Line> made, PoolAgreement? agreement)
    {
        var lines = new ArrayBufferWriter<byte>();
        foreach (var line in made)
        {
            Append(lines, Take(line));
        }

        if (agreement is not null && (made.Count > 0 || !_isAgreed))
        {
            var isWholeNeeded = !_isAgreed;
            _isAgreed = false;
            if (isWholeNeeded || agreement.Entry(PoolAgreement.Messages, Last, lines.WrittenSpan.ToArray()))
            {
                LayWhole(agreement);
            }

            _isAgreed = true;
        }

        Store(lines.WrittenSpan);
    }

    private void LayWhole(PoolAgreement agreement) => agreement.Whole(PoolAgreement.Messages, Last, Whole().WrittenSpan.ToArray());

    // Answers those that it took. What an earlier version wrote has no numbers.
    private byte[] TakeLines(ReadOnlySpan<byte> lines, long after)
    {
        var taken = new ArrayBufferWriter<byte>();
        for (int length; (length = lines.IndexOf((byte)'\n')) >= 0; lines = lines[(length + 1)..])
        {
            var line = JsonSerializer.Deserialize<Line>(lines[..length], Options)!;
            if (line.N == 0 || line.N > after)
            {
                Append(taken, Take(line));
            }
        }

        return taken.WrittenSpan.ToArray();
    }

    private Line Take(Line line)
    {
        line = line with { N = line.N == 0 ? Last + 1 : line.N };
        if (_numbers.Remove(line.Ref, out var old))
        {
            _kept.Remove(old);
        }

        if (!line.IsGone)
        {
            _numbers[line.Ref] = line.N;
            _kept[line.N] = line;
        }

        Last = Math.Max(Last, line.N);
        _lines++;
        return line;
    }

    // Whoever watches the log of the daemon need not ask for messages as well.
    private void Tell(Line line)
    {
        if (!line.IsGone)
        {
            var level = line.Priority switch
            {
                <= 1 => LogLevel.Critical,
                2 => LogLevel.Error,
                3 => LogLevel.Warning,
                _ => LogLevel.Information,
            };
            _log.Log(level, "{Announcement} {Class} {Uuid}: {Text}", line.Name, ClsType.Instance.Encode(line.Cls), line.About, line.Body);
        }
    }

    private void Store(ReadOnlySpan<byte> lines)
    {
        if (_file is null || _lines > MostLines)
        {
            Rewrite();
        }
        else if (lines.Length > 0)
        {
            _file.Write(lines);
            _file.Flush(flushToDisk: true);
        }
    }

    private void Rewrite()
    {
        Close();
        DurableFile.Write(_path, Whole().WrittenSpan);
        _lines = _kept.Count;
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private ArrayBufferWriter<byte> Whole()
    {
        var whole = new ArrayBufferWriter<byte>();
        whole.Write(Heading);
        foreach (var line in _kept.Values)
        {
            Append(whole, line);
        }

        // Of what was removed last nothing else has the number.
        if (Last > 0 && !_kept.ContainsKey(Last))
        {
            Append(whole, new() { N = Last, Ref = "", IsGone = true });
        }

        return whole;
    }

    private static bool IsGarbled(Exception e) => e is JsonException or NullReferenceException or ArgumentException;

    private static void Append(ArrayBufferWriter<byte> to, Line line)
    {
        to.Write(JsonSerializer.SerializeToUtf8Bytes(line, Options));
        to.Write("\n"u8);
    }

    /// <param name="Line">What to write.</param>
    /// <param name="Waiting">Who waits for what was written before.</param>
    private sealed record Item(Line? Line, TaskCompletionSource? Waiting);

    private sealed record Line
    {
        public long N { get; init; }

        public required string Ref { get; init; }

        public bool IsGone { get; init; }

        public string? Uuid { get; init; }

        public string? Name { get; init; }

        public long Priority { get; init; }

        public Cls Cls { get; init; }

        public string? About { get; init; }

        public DateTimeOffset Timestamp { get; init; }

        public string? Body { get; init; }

        public static Line Of(string reference, MessageRecord? message) => message is null
            ? new() { Ref = reference, IsGone = true }
            : new()
            {
                Ref = reference,
                Uuid = message.Uuid,
                Name = message.Name,
                Priority = message.Priority,
                Cls = message.Cls,
                About = message.ObjUuid,
                Timestamp = message.Timestamp,
                Body = message.Body,
            };

        public MessageRecord ToRecord() => new()
        {
            Uuid = Uuid ?? "",
            Name = Name ?? "",
            Priority = Priority,
            Cls = Cls,
            ObjUuid = About ?? "",
            Timestamp = Timestamp,
            Body = Body ?? "",
        };
    }
}
