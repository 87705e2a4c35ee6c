using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Redoubt.Server.Supervising;

/// <summary>
/// Writes the log to the system's journal with fields, so that <c>journalctl REDOUBT_ANNOUNCEMENT=VM_CRASHED</c> or <c>-p warning</c> find
/// what they ask for. The layout is the journal's native protocol: <c>NAME=value</c> and a newline; a value with a newline in it is written
/// as the name, a newline, its length as 8 bytes (the least first), itself, a newline.
/// </summary>
internal sealed class JournalLog(string socketPath) : ILoggerProvider
{
    /// <summary>Where the journal takes lines.</summary>
    public const string UsualSocket = "/run/systemd/journal/socket";

    // A line that takes more would have to be handed over as a file; nothing that is told is as long.
    private const int MostBytes = 48 << 10;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly UnixDomainSocketEndPoint _journal = new(socketPath);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>A line as the journal takes it. Pure.</summary>
    internal static byte[] Format(
        LogLevel level, string category, string message, IEnumerable<KeyValuePair<string, object?>> values, Exception? failure)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Append(bytes, "MESSAGE", failure is null ? message : $"{message}: {failure.Message}");
        Append(bytes, "PRIORITY", Priority(level));
        Append(bytes, "SYSLOG_IDENTIFIER", "redoubt");
        Append(bytes, "REDOUBT_CATEGORY", category);
        if (failure is not null)
        {
            Append(bytes, "REDOUBT_EXCEPTION", failure.ToString());
        }

        foreach (var (name, value) in values.Where(v => v.Key != "{OriginalFormat}"))
        {
            Append(bytes, $"REDOUBT_{FieldName(name)}", Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static string FieldName(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "2",
        LogLevel.Error => "3",
        LogLevel.Warning => "4",
        LogLevel.Information => "6",
        _ => "7",
    };

    private static void Append(ArrayBufferWriter<byte> to, string name, string value)
    {
        to.Write(Encoding.ASCII.GetBytes(name));
        var content = Encoding.UTF8.GetBytes(value);
        content = content.Length > MostBytes ? content[..MostBytes] : content;
        if (content.AsSpan().Contains((byte)'\n'))
        {
            to.Write("\n"u8);
            BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), content.Length);
            to.Advance(8);
        }
        else
        {
            to.Write("="u8);
        }

        to.Write(content);
        to.Write("\n"u8);
    }

    private void Send(byte[] line)
    {
        try
        {
            _socket.SendTo(line, _journal);
        }
        catch (SocketException)
        {
            // The journal is away for a moment; standard error leads to it as well.
            System.Console.Error.WriteLine(Encoding.UTF8.GetString(line).ReplaceLineEndings(" "));
        }
    }

    private sealed class Category(JournalLog journal, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            journal.Send(Format(
                logLevel, name, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>> ?? [], exception));
    }
}
