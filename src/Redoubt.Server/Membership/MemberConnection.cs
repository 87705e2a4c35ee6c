using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Redoubt.Agreement;
using Redoubt.Compute;

namespace Redoubt.Server.Membership;

/// <summary>
/// A connection of the host that coordinates the pool to another, from one greeting on. When anything of it fails that is no answer, all of
/// it is lost: what was asked may be under way there, and only the next greeting waits for that.
/// </summary>
internal sealed class MemberConnection : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);

    private readonly string _address;
    private readonly HttpClient _http;
    private readonly X509Certificate2 _own;
    private readonly X509Certificate2 _authority;
    private readonly TaskCompletionSource<HypervisorException> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private Guid _session;
    private HypervisorException? _why;

    private MemberConnection(string membersDirectory, string uuid, string address, TimeProvider time)
    {
        (_address, _time) = (address, time);
        (_own, _authority) = EtcdMember.CertificatesIn(membersDirectory);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectLimit,
            MaxConnectionsPerServer = int.MaxValue,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [_own],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 theirs
                    && PoolAuthority.HasSigned(_authority, theirs) && theirs.GetNameInfo(X509NameType.SimpleName, false) == uuid,
            },
        })
        {
            BaseAddress = new Uri($"https://{address}{MemberWire.Path}"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Ends when it is lost, with the reason.</summary>
    public Task<HypervisorException> Lost => _lost.Task;

    /// <summary>Greets a member, which waits until nothing is under way there any more of what was asked before.</summary>
    /// <exception cref="HypervisorException">It can't be reached, does not take this host's word, or has no hypervisor now.</exception>
    public static async Task<(MemberConnection Connection, MemberWire.Greeted Greeted)> OpenAsync(
        string membersDirectory, string uuid, string address, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new MemberConnection(membersDirectory, uuid, address, time);
        try
        {
            var greeted = await connection.CallAsync<MemberWire.Greeted>(MemberWire.Greeting, [], cancellationToken);
            connection._session = greeted.Session;
            return (connection, greeted);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Has the member do something.</summary>
    /// <param name="path">The target and the method.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <param name="report">Told how far it is.</param>
    /// <exception cref="HypervisorException"><see cref="HypervisorFailure.ConnectionFailed"/>: it is not known whether it was
    /// done.</exception>
    public async Task<T> CallAsync<T>(
        string path, object?[] arguments, CancellationToken cancellationToken, Func<double, Task>? report = null)
    {
        await foreach (var line in AskAsync(path, arguments, cancellationToken))
        {
            if (line.IsDone)
            {
                return line.Result is { } result ? result.Deserialize<T>(MemberWire.Json)! : default!;
            }

            if (line.Part is { } part && report is not null)
            {
                await report(part);
            }
        }

        throw Lose("its answer broke off", null);
    }

    /// <summary>Has the member tell of things as they come.</summary>
    /// <exception cref="HypervisorException"><see cref="HypervisorFailure.ConnectionFailed"/>.</exception>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in AskAsync(path, [], cancellationToken))
        {
            if (line.Item is { } item)
            {
                yield return item.Deserialize<T>(MemberWire.Json)!;
            }
            else if (line.IsDone)
            {
                yield break;
            }
        }

        throw Lose("its answer broke off", null);
    }

    /// <summary>Connects to a guest's screen or serial port, or to an end of the line on which it moves.</summary>
    /// <exception cref="IOException">It can't be reached.</exception>
    public async Task<Stream> ConnectAsync(Guid vm, string kind, CancellationToken cancellationToken)
    {
        using var request = Request($"{MemberWire.Line}/{kind}/{vm:D}", []);
        request.Content = null;
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.Add(new("redoubt-line"));
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException away)
        {
            throw new IOException(away.Message, away);
        }

        if (answer.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols)
        {
            return await answer.Content.ReadAsStreamAsync(cancellationToken);
        }

        using (answer)
        {
            throw new IOException(await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    /// <summary>Takes it for lost.</summary>
    public HypervisorException Lose(string why, Exception? cause)
    {
        var made = new HypervisorException(
            HypervisorFailure.ConnectionFailed, _address, $"The host {_address} does not answer: {why.TrimEnd('.')}.",
            "Its guests are not affected if it only is cut off. It is tried again until it answers; if it is off for good, say so "
                + "(host-declare-dead).",
            cause);
        var lost = Interlocked.CompareExchange(ref _why, made, null) ?? made;
        _lost.TrySetResult(lost);
        return lost;
    }

    public void Dispose()
    {
        Lose("it was let go", null);
        _http.Dispose();
        _own.Dispose();
        _authority.Dispose();
    }

    private async IAsyncEnumerable<MemberWire.AnswerLine> AskAsync(
        string path, object?[] arguments, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(MemberWire.Silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var request = Request(path, arguments);
        using var answer = await UnlessLostAsync(
            () => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token), cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw Lose(await UnlessLostAsync(() => answer.Content.ReadAsStringAsync(either.Token), cancellationToken), null);
        }

        using var reader = new StreamReader(
            await UnlessLostAsync(() => answer.Content.ReadAsStreamAsync(either.Token), cancellationToken));
        while (true)
        {
            silence.CancelAfter(MemberWire.Silence);
            if (await UnlessLostAsync(() => reader.ReadLineAsync(either.Token).AsTask(), cancellationToken) is not { } text)
            {
                yield break;
            }

            var line = Parse(text);
            if (line.Failed is { } failed)
            {
                throw failed.ToException();
            }

            yield return line;
        }
    }

    private MemberWire.AnswerLine Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<MemberWire.AnswerLine>(text, MemberWire.Json) ?? new();
        }
        catch (JsonException garbled)
        {
            throw Lose(garbled.Message, garbled);
        }
    }

    private HttpRequestMessage Request(string path, object?[] arguments)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(arguments, options: MemberWire.Json) };
        request.Headers.Add(MemberWire.Session, _session.ToString("D"));

        // It is the name that is asked for in TLS, too.
        request.Headers.Host = MemberWire.ServerName;
        return request;
    }

    private async Task<T> UnlessLostAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested
            && failed is HttpRequestException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw Lose(failed is OperationCanceledException ? "nothing is heard from it" : failed.GetBaseException().Message, failed);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or ObjectDisposedException)
        {
            // A connection that is broken off while it is read says so in words of its own.
            throw new OperationCanceledException(broken.Message, broken, cancellationToken);
        }
    }
}
