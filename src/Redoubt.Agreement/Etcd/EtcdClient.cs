using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Redoubt.Agreement;

/// <summary>
/// Calls one member of the cluster: the one on this host, so that who is cut off with the minority knows it. Over etcd's own JSON gateway,
/// which carries the messages of its gRPC one for one.
/// </summary>
public sealed class EtcdClient : IDisposable
{
    /// <summary>How long one call may take. A member that has lost the others gives up by itself after about as long.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>How long a member is waited for to be connected to the others before a further one is added.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(500);

    // etcd has no other mark for it than its words.
    private static readonly string[] NotYet = ["unhealthy cluster", "too many learner members"];

    private readonly HttpClient _http;
    private readonly Func<Uri> _url;
    private readonly TimeProvider _time;

    /// <summary>Calls the member that listens there.</summary>
    /// <param name="url">Its client URL, which is another after each of its starts.</param>
    /// <param name="own">The certificate, with its key, that it knows its clients by.</param>
    /// <param name="authority">Who has signed the member's.</param>
    /// <param name="time">The clock.</param>
    public EtcdClient(Func<Uri> url, X509Certificate2 own, X509Certificate2 authority, TimeProvider time)
    {
        (_url, _time) = (url, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [own],
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    certificate is X509Certificate2 theirs && PoolAuthority.HasSigned(authority, theirs),
            },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Does something if all conditions hold; all of it or nothing, and only when a majority has it for good.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public async Task<EtcdAnswer> TransactAsync(
        IEnumerable<EtcdCondition> conditions, IReadOnlyList<EtcdAct> acts, CancellationToken cancellationToken)
    {
        var asked = new JsonObject
        {
            ["compare"] = new JsonArray([.. conditions.Select(Compare)]),
            ["success"] = new JsonArray([.. acts.Select(Request)]),
        };
        var answer = await CallAsync("kv/txn", asked, cancellationToken);
        var reads = from response in answer["responses"]?.AsArray() ?? []
                    let range = response!["response_range"]
                    where range is not null
                    select Values(range);
        return new(answer["succeeded"]?.GetValue<bool>() ?? false, Number(answer["header"]!["revision"]), [.. reads]);
    }

    /// <summary>What a key holds; <see langword="null"/> if it is not there. As the majority has it now.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public async Task<EtcdValue?> FindAsync(string key, CancellationToken cancellationToken) =>
        Values(await CallAsync("kv/range", new JsonObject { ["key"] = Text(key) }, cancellationToken)) is [var value] ? value : null;

    /// <summary>Tells of every change of keys from one (included) to another (not included), from a revision on.</summary>
    /// <exception cref="EtcdException">The connection broke, or the revision is no longer kept.</exception>
    public async IAsyncEnumerable<ImmutableArray<EtcdChange>> WatchAsync(
        string from, string to, long revision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var asked = new JsonObject
        {
            ["create_request"] = new JsonObject
            {
                ["key"] = Text(from),
                ["range_end"] = Text(to),
                ["start_revision"] = Text(revision),
                ["progress_notify"] = true,
            },
        };
        using var request = Post("watch", asked);
        using var response = await SendAsync(request, cancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await LineAsync(lines, cancellationToken) is { } line)
        {
            var told = Parse(line, "a watch");
            if (told["error"] is { } error)
            {
                throw new EtcdException($"etcd ended a watch: {error["message"] ?? error}", isRefusal: true);
            }

            var result = told["result"]!;
            if (result["canceled"]?.GetValue<bool>() == true)
            {
                throw new EtcdException(
                    $"etcd ended a watch: {result["cancel_reason"] ?? "it no longer keeps what was asked for"}", isRefusal: true);
            }

            ImmutableArray<EtcdChange> changes =
            [
                .. (result["events"]?.AsArray() ?? []).Select(
                    e => new EtcdChange(Value(e!["kv"]!), e["type"]?.GetValue<string>() == "DELETE")),
            ];
            if (!changes.IsEmpty)
            {
                yield return changes;
            }
        }

        throw new EtcdException("etcd ended a watch", isRefusal: false);
    }

    /// <summary>Forgets how things were before a revision, so that their space can be used again.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public Task CompactAsync(long revision, CancellationToken cancellationToken) =>
        CallAsync("kv/compaction", new JsonObject { ["revision"] = Text(revision) }, cancellationToken);

    /// <summary>Begins a lease: what is put under it goes when it is not kept alive for so long.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public async Task<long> GrantLeaseAsync(TimeSpan length, CancellationToken cancellationToken) =>
        Number((await CallAsync("lease/grant", new JsonObject { ["TTL"] = Text((long)length.TotalSeconds) }, cancellationToken))["ID"]);

    /// <summary>Keeps a lease alive for its length again. Answers whether it still was.</summary>
    /// <exception cref="EtcdException">There was no answer.</exception>
    public async Task<bool> KeepAliveAsync(long lease, CancellationToken cancellationToken) =>
        Number((await CallAsync("lease/keepalive", new JsonObject { ["ID"] = Text(lease) }, cancellationToken))["result"]?["TTL"]) > 0;

    /// <summary>Ends a lease.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public Task RevokeAsync(long lease, CancellationToken cancellationToken) =>
        CallAsync("lease/revoke", new JsonObject { ["ID"] = Text(lease) }, cancellationToken);

    /// <summary>Stands for an election, and waits until it is won.</summary>
    /// <returns>The key that says so, and the revision at which it came to be: as long as it is there, the election is won.</returns>
    /// <exception cref="EtcdException">It was refused, or the connection broke.</exception>
    public async Task<(string Key, long Revision)> CampaignAsync(
        string election, long lease, byte[] value, CancellationToken cancellationToken)
    {
        var asked = new JsonObject { ["name"] = Text(election), ["lease"] = Text(lease), ["value"] = Convert.ToBase64String(value) };
        var leader = (await CallAsync("election/campaign", asked, cancellationToken, Timeout.InfiniteTimeSpan))["leader"]!;
        return (Encoding.UTF8.GetString(Bytes(leader["key"])), Number(leader["rev"]));
    }

    /// <summary>The members of the cluster.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public async Task<ImmutableArray<EtcdPeer>> ListMembersAsync(CancellationToken cancellationToken) =>
        Peers(await CallAsync("cluster/member/list", [], cancellationToken));

    /// <summary>
    /// Adds a member, which has yet to start, and has no vote before it is promoted: one that never starts must not hold up those there
    /// are. As long as one that came before has not got so far, etcd takes no further one: that is waited for.
    /// </summary>
    /// <returns>All members with it, by their URLs; its own name is empty as yet.</returns>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public async Task<(ulong Id, ImmutableArray<EtcdPeer> All)> AddMemberAsync(Uri url, CancellationToken cancellationToken)
    {
        var asked = new JsonObject { ["peerURLs"] = new JsonArray(Spelled(url)), ["isLearner"] = true };
        var answer = await ReconfigureAsync("add", asked, cancellationToken);
        return (ulong.Parse(answer["member"]!["ID"]!.GetValue<string>(), CultureInfo.InvariantCulture), Peers(answer));
    }

    // etcd changes who its members are only while those there are have been connected for some seconds.
    private async Task<JsonNode> ReconfigureAsync(string what, JsonObject asked, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        for (; ; )
        {
            try
            {
                return await CallAsync($"cluster/member/{what}", asked.DeepClone().AsObject(), cancellationToken);
            }
            catch (EtcdException e) when (
                NotYet.Any(n => e.Message.Contains(n, StringComparison.Ordinal)) && _time.GetElapsedTime(began) < ConnectLimit)
            {
                await Task.Delay(ConnectPause, _time, cancellationToken);
            }
        }
    }

    /// <summary>Gives a member its vote. Answers false as long as it has not caught up, or as that can't be known.</summary>
    public async Task<bool> PromoteMemberAsync(ulong id, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync("cluster/member/promote", Numbered(id), cancellationToken);
            return true;
        }
        catch (EtcdException)
        {
            return false;
        }
    }

    /// <summary>Removes a member.</summary>
    /// <exception cref="EtcdException">It was refused, or there was no answer.</exception>
    public Task RemoveMemberAsync(ulong id, CancellationToken cancellationToken) =>
        ReconfigureAsync("remove", Numbered(id), cancellationToken);

    /// <summary>A URL as etcd takes it, without a path.</summary>
    internal static string Spelled(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private async Task<JsonNode> CallAsync(string path, JsonObject asked, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        using var late = new CancellationTokenSource(limit ?? Limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using var request = Post(path, asked);
            using var response = await SendAsync(request, both.Token);
            using var content = new StreamReader(await response.Content.ReadAsStreamAsync(both.Token));
            // A call that could have several answers has one on each line.
            var line = await LineAsync(content, both.Token) ?? throw new EtcdException($"etcd did not answer {path}", isRefusal: false);
            return Parse(line, path);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EtcdException($"etcd did not answer {path} within {(limit ?? Limit).TotalSeconds:0} seconds", isRefusal: false);
        }
    }

    private HttpRequestMessage Post(string path, JsonObject asked) =>
        new(HttpMethod.Post, new Uri(_url(), $"v3/{path}")) { Content = JsonContent.Create(asked) };

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new EtcdException(
                $"etcd at {Spelled(request.RequestUri!)} can't be reached: {e.Message}",
                isRefusal: e.HttpRequestError == HttpRequestError.ConnectionError,
                e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var text = await TextAsync(response.Content, cancellationToken);
            // What is unavailable or late (gRPC's 14 and 4) may have been done all the same; so may what broke inside (2, 13).
            throw new EtcdException(
                $"etcd refused {request.RequestUri}: {Message(text)}",
                isRefusal: response.StatusCode
                    is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.PreconditionFailed);
        }
    }

    // What it is refused with is of less interest than that.
    private static async Task<string> TextAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return e.Message;
        }
    }

    private static JsonNode Parse(string line, string asked)
    {
        try
        {
            return JsonNode.Parse(line) ?? throw new EtcdException($"etcd answered {asked} with nothing", isRefusal: false);
        }
        catch (JsonException e)
        {
            throw new EtcdException($"what etcd answered {asked} with can't be read: {e.Message}", isRefusal: false, e);
        }
    }

    private static async Task<string?> LineAsync(StreamReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new EtcdException($"the connection to etcd broke: {e.Message}", isRefusal: false, e);
        }
    }

    private static string Message(string text)
    {
        try
        {
            return JsonNode.Parse(text)?["error"]?.ToString() ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static JsonNode Compare(EtcdCondition condition) => condition switch
    {
        EtcdCondition.CreatedAt created => new JsonObject
        {
            ["key"] = Text(created.Key),
            ["target"] = "CREATE",
            ["result"] = "EQUAL",
            ["create_revision"] = Text(created.Revision),
        },
        EtcdCondition.ModifiedAt modified => new JsonObject
        {
            ["key"] = Text(modified.Key),
            ["target"] = "MOD",
            ["result"] = "EQUAL",
            ["mod_revision"] = Text(modified.Revision),
        },
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static JsonNode Request(EtcdAct act) => act switch
    {
        EtcdAct.Put put => new JsonObject
        {
            ["request_put"] = new JsonObject
            {
                ["key"] = Text(put.Key),
                ["value"] = Convert.ToBase64String(put.Bytes),
                ["lease"] = Text(put.Lease),
            },
        },
        EtcdAct.Delete delete => new JsonObject
        {
            ["request_delete_range"] = new JsonObject { ["key"] = Text(delete.From), ["range_end"] = Text(delete.To) },
        },
        EtcdAct.Read read => new JsonObject
        {
            ["request_range"] = new JsonObject { ["key"] = Text(read.From), ["range_end"] = Text(read.To), ["limit"] = Text(read.Limit) },
        },
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static ImmutableArray<EtcdValue> Values(JsonNode range) => [.. (range["kvs"]?.AsArray() ?? []).Select(kv => Value(kv!))];

    private static EtcdValue Value(JsonNode kv) => new(
        Encoding.UTF8.GetString(Bytes(kv["key"])), Bytes(kv["value"]), Number(kv["create_revision"]), Number(kv["mod_revision"]));

    private static ImmutableArray<EtcdPeer> Peers(JsonNode answer) =>
    [
        .. (answer["members"]?.AsArray() ?? []).Select(m => new EtcdPeer(
            ulong.Parse(m!["ID"]!.GetValue<string>(), CultureInfo.InvariantCulture),
            m["name"]?.GetValue<string>() ?? "",
            new Uri(m["peerURLs"]![0]!.GetValue<string>()),
            m["isLearner"]?.GetValue<bool>() ?? false)),
    ];

    // Fields that have their default are left out.
    private static byte[] Bytes(JsonNode? node) => node is null ? [] : Convert.FromBase64String(node.GetValue<string>());

    private static long Number(JsonNode? node) => node is null ? 0 : long.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);

    private static JsonObject Numbered(ulong id) => new() { ["ID"] = id.ToString(CultureInfo.InvariantCulture) };

    private static string Text(string key) => Convert.ToBase64String(Encoding.UTF8.GetBytes(key));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
