using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Redoubt.Server.Tests;

/// <summary>An LDAP server on loopback that knows binds and searches: enough of RFC 4511 for the client to be real.</summary>
internal sealed class LdapServer : IAsyncDisposable
{
    private const int Success = 0;
    private const int InvalidCredentials = 49;
    private const int InsufficientAccess = 50;

    private static readonly Asn1Tag Simple = new(TagClass.ContextSpecific, 0);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(string Dn, string Password, Dictionary<string, byte[][]> Attributes)> _entries = [];
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _loop;

    public LdapServer()
    {
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    public string Url => $"ldap://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Whether it takes requests and answers none.</summary>
    public bool Hangs { get; set; }

    /// <summary>Ends when a request came in that gets no answer.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Adds an entry; an attribute is <c>name=value</c>.</summary>
    public void Add(string dn, string password, params string[] attributes) => _entries.Add((
        dn,
        password,
        attributes.Select(a => a.Split('=', 2)).GroupBy(a => a[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => g.Select(a => Value(a[1])).ToArray(), StringComparer.OrdinalIgnoreCase)));

    public async ValueTask DisposeAsync()
    {
        if (_loop.IsCompleted)
        {
            return;
        }

        await _stopping.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stopping.Dispose();
    }

    // A security identifier's bytes are given in hexadecimal.
    private static byte[] Value(string text) =>
        text.StartsWith("hex:", StringComparison.Ordinal) ? Convert.FromHexString(text[4..]) : Encoding.UTF8.GetBytes(text);

    private async Task AcceptAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
            {
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var received = new List<byte>();
            var buffer = new byte[4096];
            var isBound = false;
            try
            {
                while (await stream.ReadAsync(buffer, _stopping.Token) is > 0 and var count)
                {
                    received.AddRange(buffer.AsSpan(0, count));
                    while (AsnDecoder.TryReadEncodedValue(received.ToArray(), AsnEncodingRules.BER, out _, out _, out _, out var length))
                    {
                        var message = received.Take(length).ToArray();
                        received.RemoveRange(0, length);
                        if (Hangs)
                        {
                            _asked.TrySetResult();
                            continue;
                        }

                        foreach (var answer in Answer(message, ref isBound))
                        {
                            await stream.WriteAsync(answer, _stopping.Token);
                        }
                    }
                }
            }
            catch (Exception gone) when (gone is OperationCanceledException or IOException)
            {
            }
        }
    }

    private List<byte[]> Answer(byte[] message, ref bool isBound)
    {
        var reader = new AsnReader(message, AsnEncodingRules.BER).ReadSequence();
        reader.TryReadInt32(out var id);
        var tag = reader.PeekTag();
        var request = tag.TagValue == 2 ? null : reader.ReadSequence(tag);
        switch (tag.TagValue)
        {
            case 0:
                request!.TryReadInt32(out _);
                var dn = Text(request);
                var password = Encoding.UTF8.GetString(request.ReadOctetString(Simple));
                isBound = dn.Length > 0 && _entries.Any(e => e.Dn == dn && e.Password == password);
                return [Done(id, 1, isBound ? Success : InvalidCredentials)];
            case 3 when !isBound:
                return [Done(id, 5, InsufficientAccess)];
            case 3:
                var under = Text(request!);
                var isBase = request!.ReadEnumeratedBytes().Span[0] == 0;
                request.ReadEnumeratedBytes();
                request.TryReadInt32(out _);
                request.TryReadInt32(out _);
                request.ReadBoolean();
                var matches = Filter(request);
                var found = _entries.Where(e => isBase ? e.Dn == under : e.Dn.EndsWith(under, StringComparison.Ordinal))
                    .Where(e => matches(e.Attributes));
                return [.. found.Select(e => Entry(id, e.Dn, e.Attributes)), Done(id, 5, Success)];
            default:
                return [];
        }
    }

    private static Func<Dictionary<string, byte[][]>, bool> Filter(AsnReader reader)
    {
        var tag = reader.PeekTag();
        switch (tag.TagValue)
        {
            case 1:
                var any = new List<Func<Dictionary<string, byte[][]>, bool>>();
                for (var parts = reader.ReadSetOf(tag); parts.HasData;)
                {
                    any.Add(Filter(parts));
                }

                return e => any.Exists(f => f(e));
            case 3:
                var equality = reader.ReadSequence(tag);
                return Equality(Text(equality), equality.ReadOctetString());
            case 7:
                reader.ReadOctetString(tag);
                return _ => true;
            case 9:
                // Extensible: a rule, an attribute, a value. The only rule here is that of members of members.
                var (attribute, value, parts9) = ("", Array.Empty<byte>(), reader.ReadSequence(tag));
                while (parts9.HasData)
                {
                    var part = parts9.PeekTag();
                    var bytes = part.TagValue == 4 ? [] : parts9.ReadOctetString(part);
                    if (part.TagValue == 4)
                    {
                        parts9.ReadEncodedValue();
                    }

                    attribute = part.TagValue == 2 ? Encoding.UTF8.GetString(bytes) : attribute;
                    value = part.TagValue == 3 ? bytes : value;
                }

                return Equality(attribute, value);
            default:
                throw new NotSupportedException($"filter {tag}");
        }
    }

    private static Func<Dictionary<string, byte[][]>, bool> Equality(string attribute, byte[] value) =>
        entry => entry.TryGetValue(attribute, out var values)
        && values.Any(v => Encoding.UTF8.GetString(v).Equals(Encoding.UTF8.GetString(value), StringComparison.OrdinalIgnoreCase));

    private static string Text(AsnReader reader) => Encoding.UTF8.GetString(reader.ReadOctetString());

    private static byte[] Done(int id, int operation, int code) => Message(id, operation, writer =>
    {
        writer.WriteEncodedValue([0x0a, 1, (byte)code]);
        writer.WriteOctetString([]);
        writer.WriteOctetString([]);
    });

    private static byte[] Entry(int id, string dn, Dictionary<string, byte[][]> attributes) => Message(id, 4, writer =>
    {
        writer.WriteOctetString(Encoding.UTF8.GetBytes(dn));
        using (writer.PushSequence())
        {
            foreach (var (name, values) in attributes)
            {
                using (writer.PushSequence())
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(name));
                    using (writer.PushSetOf())
                    {
                        Array.ForEach(values, v => writer.WriteOctetString(v));
                    }
                }
            }
        }
    });

    private static byte[] Message(int id, int operation, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            using (writer.PushSequence(new Asn1Tag(TagClass.Application, operation)))
            {
                write(writer);
            }
        }

        return writer.Encode();
    }
}
