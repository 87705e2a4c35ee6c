using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Redoubt.Server.Listening;

/// <summary>
/// Who has how many connections. Everybody gets in, and whoever has too many loses their own oldest one for it, so that nobody can keep
/// others out: those of an address on which nobody has shown a session yet are few, and there are few of them all together.
/// </summary>
internal sealed class Connections(TimeProvider time)
{
    /// <summary>As many as an address may have on which nobody has logged in.</summary>
    public const int StrangersOfAddress = 200;

    /// <summary>As many of that kind as there are all together.</summary>
    public const int Strangers = 1_000;

    /// <summary>As many as an address may have on which somebody has.</summary>
    public const int KnownOfAddress = 1_000;

    /// <summary>How long the first word may take.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, LinkedList<Entry>> _strangers = [];
    private readonly Dictionary<IPAddress, LinkedList<Entry>> _known = [];
    private int _strangersCount;

    /// <summary>Notes that somebody who is logged in uses a request's connection.</summary>
    public static void Prove(HttpContext http) => Prove(http.Features.Get<IConnectionItemsFeature>()?.Items);

    /// <summary>Notes that somebody who is logged in uses a connection.</summary>
    public static void Prove(IDictionary<object, object?>? items)
    {
        if (items?.TryGetValue(typeof(Entry), out var entry) == true)
        {
            ((Entry)entry!).Owner.Prove((Entry)entry);
        }
    }

    /// <summary>Serves a connection.</summary>
    public async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var silence = new CancellationTokenSource(SilenceLimit, time);
        var entry = new Entry(this, connection, silence, Whose((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None));
        connection.Items[typeof(Entry)] = entry;
        Add(entry);
        try
        {
            var first = await connection.Transport.Input.ReadAsync(silence.Token);
            connection.Transport.Input.AdvanceTo(first.Buffer.Start);
            entry.IsHeard = true;
            await next(connection);
        }
        catch (OperationCanceledException) when (!entry.IsHeard)
        {
            // Not a word, for too long or among too many: it is closed, politely.
        }
        finally
        {
            Remove(entry);
        }
    }

    private void Add(Entry entry)
    {
        Entry? surplus = null;
        lock (_gate)
        {
            var theirs = Put(_strangers, entry);
            _strangersCount++;
            var crowd =
                theirs.Count > StrangersOfAddress ? theirs : _strangersCount > Strangers ? _strangers.Values.MaxBy(l => l.Count) : null;
            surplus = crowd is null ? null : Take(crowd.First!.Value);
        }

        surplus?.End();
    }

    private void Prove(Entry entry)
    {
        Entry? surplus = null;
        lock (_gate)
        {
            if (entry.IsProved || entry.Node is null)
            {
                return;
            }

            Take(entry);
            entry.IsProved = true;
            var theirs = Put(_known, entry);
            surplus = theirs.Count > KnownOfAddress ? Take(theirs.First!.Value) : null;
        }

        surplus?.End();
    }

    private void Remove(Entry entry)
    {
        lock (_gate)
        {
            if (entry.Node is not null)
            {
                Take(entry);
            }
        }
    }

    private static LinkedList<Entry> Put(Dictionary<IPAddress, LinkedList<Entry>> lists, Entry entry)
    {
        if (!lists.TryGetValue(entry.Address, out var theirs))
        {
            lists[entry.Address] = theirs = [];
        }

        entry.Node = theirs.AddLast(entry);
        return theirs;
    }

    private Entry Take(Entry entry)
    {
        var lists = entry.IsProved ? _known : _strangers;
        _strangersCount -= entry.IsProved ? 0 : 1;
        var theirs = entry.Node!.List!;
        theirs.Remove(entry.Node);
        entry.Node = null;
        if (theirs.Count == 0)
        {
            lists.Remove(entry.Address);
        }

        return entry;
    }

    // Whoever has one address of version 6 has all of its network's.
    internal static IPAddress Whose(IPAddress address)
    {
        var plain = address.Plain();
        if (plain.AddressFamily == AddressFamily.InterNetwork)
        {
            return plain;
        }

        var bytes = plain.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }

    private sealed class Entry(Connections owner, ConnectionContext connection, CancellationTokenSource silence, IPAddress address)
    {
        public Connections Owner => owner;

        public IPAddress Address => address;

        public LinkedListNode<Entry>? Node { get; set; }

        public bool IsProved { get; set; }

        public bool IsHeard { get; set; }

        public void End()
        {
            if (IsHeard)
            {
                connection.Abort(new ConnectionAbortedException("Too many connections from its address."));
                return;
            }

            try
            {
                silence.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just gone by itself.
            }
        }
    }
}
