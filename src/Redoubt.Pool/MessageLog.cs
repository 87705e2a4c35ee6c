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
///  any transaction ─► published ─► queue ─► one worker: appends, flushes
/// </code>
/// </summary>
internal sealed class MessageLog : IAsyncDisposable
{
    /// <summary>How many messages there are at most; the oldest go.</summary>
    public const int Most = 10_000;

    private const string FileName = "messages.jsonl";

    // The first line, so that a file that was emptied is told from one without messages.
    private static readonly byte[] Heading = [.. "{\"format\":1}\n"u8];

    // Lines that stand for nothing any more are left until they are as many as those that do.
    private const int MostLines = 2 * Most;

    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    private readonly Channel<Item> _queue = Channel.CreateUnbounded<Item>(new UnboundedChannelOptions { SingleReader = true });
    private readonly string _path;
    private readonly ILogger<MessageLog> _log;
    private readonly SortedDictionary<long, Line> _kept = [];
    private readonly Dictionary<string, long> _numbers = [];
    private long _next;
    private int _lines;
    private FileStream? _file;
    private IDisposable? _subscription;
    private Task _worker = Task.CompletedTask;

    private MessageLog(string path, ILogger<MessageLog> log) => (_path, _log) = (path, log);

    /// <summary>Reads the file. Its last line may be torn, by a crash while it was written; nothing else may.</summary>
    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static MessageLog Open(string directory, ILogger<MessageLog> log)
    {
        var path = Path.Combine(directory, FileName);
        var read = new MessageLog(path, log);
        var content = Read(path);
        if (content is not null && !content.AsSpan().StartsWith(Heading))
        {
            throw new InvalidDataException(
                $"{path} is cut or garbled: it does not begin as messages do. Nothing was changed. {KeptName.Find(FileName)!.Advice}");
        }

        for (var start = Heading.Length; start < content?.Length;)
        {
            var length = content.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0)
            {
                break;
            }

            try
            {
                read.Take(JsonSerializer.Deserialize<Line>(content.AsSpan(start, length), Options)!);
            }
            catch (Exception garbled) when (garbled is JsonException or NullReferenceException or ArgumentException)
            {
                throw new InvalidDataException($"{path} is garbled in line {read._lines + 2} ({garbled.Message.TrimEnd('.')}). Nothing "
                    + $"was changed. {KeptName.Find(FileName)!.Advice}", garbled);
            }

            read._lines++;
            start += length + 1;
        }

        return read;
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
            throw new InvalidDataException($"{unusable.Message} Nothing was changed. {KeptName.Find(FileName)!.Advice}", unusable);
        }
    }

    private async Task WorkAsync()
    {
        while (await _queue.Reader.WaitToReadAsync())
        {
            var (bytes, waiting) = (new ArrayBufferWriter<byte>(), new List<TaskCompletionSource>());
            while (_queue.Reader.TryRead(out var item))
            {
                if (item.Waiting is { } waits)
                {
                    waiting.Add(waits);
                }
                else
                {
                    Take(item.Line!);
                    Append(bytes, item.Line!);
                    _lines++;
                    Tell(item.Line!);
                }
            }

            try
            {
                Write(bytes.WrittenSpan);
                waiting.ForEach(w => w.TrySetResult());
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                // Written whole with the next ones: what is on disk now may end in the middle of a line.
                _file?.Dispose();
                _file = null;
                waiting.ForEach(
                    w => w.TrySetException(new XenApiException(failed, "INTERNAL_ERROR", $"The message can't be kept: {failed.Message}")));
            }
        }
    }

    private void Take(Line line)
    {
        if (_numbers.Remove(line.Ref, out var old))
        {
            _kept.Remove(old);
        }

        if (!line.IsGone)
        {
            _numbers[line.Ref] = _next;
            _kept[_next++] = line;
        }
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

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (_file is null || _lines > MostLines)
        {
            Rewrite();
        }
        else if (bytes.Length > 0)
        {
            _file.Write(bytes);
            _file.Flush(flushToDisk: true);
        }
    }

    private void Rewrite()
    {
        _file?.Dispose();
        _file = null;
        var whole = new ArrayBufferWriter<byte>();
        whole.Write(Heading);
        foreach (var line in _kept.Values)
        {
            Append(whole, line);
        }

        DurableFile.Write(_path, whole.WrittenSpan);
        _lines = _kept.Count;
        _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }

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
