using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Redoubt.XenApi;

/// <summary>
/// Speaks XenAPI with one server, a Redoubt pool or a genuine xapi: JSON-RPC 2.0 over HTTP or HTTPS. Messages are named as on the wire,
/// arguments and answers have the data model's types, a failure is a <see cref="XenApiException"/> with the server's own code, and
/// whatever keeps a call from being answered is a <see cref="XenApiTransportException"/>.
/// </summary>
/// <remarks>
/// Any number of calls may be under way at once. Nothing is repeated: after a transport failure only the caller knows whether the call
/// may be made again. Calls have no time limit of their own, since a server answers a shutdown only when the guest is down, unless
/// <see cref="CallLimit"/> gives them one; only the end of a session never takes longer than ten seconds.
/// </remarks>
public sealed class XenApiClient : IAsyncDisposable
{
    private const string ApiVersion = "2.0";
    private const string Originator = "redoubt";

    // Nobody waits long for a farewell: a session that can't be ended ends by itself.
    private static readonly TimeSpan LogoutLimit = TimeSpan.FromSeconds(10);

    private readonly RpcConnection connection;
    private readonly TimeProvider time;
    private readonly bool ownsConnection;
    private bool loggedIn;

    /// <summary>Prepares to speak with a server; nothing is sent yet.</summary>
    /// <param name="server">The server, for example <c>https://host</c>.</param>
    /// <param name="acceptCertificate">
    /// Whether to trust the server's certificate, asked at each new connection. Null demands one that the machine trusts already.
    /// </param>
    /// <param name="time">The clock for the waits between looks at a task.</param>
    public XenApiClient(Uri server, Func<X509Certificate2, bool>? acceptCertificate = null, TimeProvider? time = null)
    {
        connection = new RpcConnection(server, acceptCertificate);
        this.time = time ?? TimeProvider.System;
        ownsConnection = true;
    }

    /// <summary>
    /// Prepares to speak with a server that is not reached over the network, in a session that somebody else opened and ends.
    /// </summary>
    /// <param name="server">What to call it; its scheme and host are not looked at.</param>
    /// <param name="handler">Answers the requests; not disposed with the client.</param>
    /// <param name="session">The session.</param>
    /// <param name="time">The clock for the waits between looks at a task.</param>
    public XenApiClient(Uri server, HttpMessageHandler handler, Ref<SessionRecord> session, TimeProvider time)
    {
        connection = new RpcConnection(server, handler);
        this.time = time;
        Session = session;
        ownsConnection = true;
    }

    private XenApiClient(XenApiClient parent, Ref<SessionRecord> session)
    {
        connection = parent.connection;
        time = parent.time;
        Session = session;
        CallLimit = parent.CallLimit;
    }

    /// <summary>The server.</summary>
    public Uri Server => connection.Server;

    /// <summary>The session that calls are made in; the null reference before a login.</summary>
    public Ref<SessionRecord> Session { get; private set; }

    /// <summary>
    /// How long a call may go unanswered before that is a transport failure; null for as long as it takes. Whoever sets it has long work
    /// done by tasks (<see cref="RunTaskAsync"/>), each call of which is short.
    /// </summary>
    public TimeSpan? CallLimit { get; set; }

    /// <summary>Logs in; later calls are made in the new session.</summary>
    /// <exception cref="XenApiException">Among others <c>SESSION_AUTHENTICATION_FAILED</c>, and <c>HOST_IS_SLAVE</c> with the coordinator's
    /// address.</exception>
    public async Task LoginAsync(string user, string password, CancellationToken cancellationToken = default)
    {
        Session = await CallAsync<Ref<SessionRecord>>(
            "session.login_with_password", [user, password, ApiVersion, Originator], cancellationToken);
        loggedIn = true;
    }

    /// <summary>Logs in at one host alone, as root, for what a member of a pool answers while it has no coordinator.</summary>
    /// <exception cref="XenApiException">Among others <c>SESSION_AUTHENTICATION_FAILED</c>.</exception>
    public async Task LoginAtMemberAsync(string user, string password, CancellationToken cancellationToken = default) =>
        Session = await CallAsync<Ref<SessionRecord>>("session.slave_local_login_with_password", [user, password], cancellationToken);

    /// <summary>Ends the session. That takes ten seconds at most; a server that says nothing by then is a transport failure.</summary>
    public async Task LogoutAsync(CancellationToken cancellationToken = default)
    {
        loggedIn = false;
        await LimitedAsync(
            "session.logout", LogoutLimit, token => SendOnceAsync(new MessageCodec("session.logout"), "session.logout", [], token),
            cancellationToken);
        Session = default;
    }

    /// <summary>
    /// The same server in another session, for example one that <c>VDI.open_database</c> gave. It shares this client's connections and
    /// must not be used after this client is disposed.
    /// </summary>
    public XenApiClient WithSession(Ref<SessionRecord> session) => new(this, session);

    /// <summary>Sends a message and waits for its answer.</summary>
    /// <param name="message">The full name, for example <c>VM.start</c>.</param>
    /// <param name="arguments">
    /// The arguments after the session: the parameters' .NET types, a <see cref="WireValue"/>, or plain values (text for references and
    /// enums, sequences for sets, dictionaries for maps).
    /// </param>
    /// <param name="cancellationToken">Stops waiting; the server carries on.</param>
    /// <returns>
    /// The answer as its declared type (a <see cref="RecordTable"/> for tables of records), null for none, and a
    /// <see cref="WireValue"/> for a message that the data model lacks.
    /// </returns>
    /// <exception cref="ArgumentException">An argument does not fit the declaration.</exception>
    /// <exception cref="XenApiException">The server refused or failed.</exception>
    /// <exception cref="XenApiTransportException">There was no answer, or none of the declared type.</exception>
    public async Task<object?> CallAsync(string message, IReadOnlyList<object?> arguments, CancellationToken cancellationToken = default)
    {
        var codec = new MessageCodec(message);
        return Decode(codec, message, await SendAsync(codec, message, arguments, cancellationToken));
    }

    /// <summary>
    /// As <see cref="CallAsync(string, IReadOnlyList{object?}, CancellationToken)"/>, for an answer whose type the caller knows.
    /// </summary>
    public async Task<T> CallAsync<T>(string message, IReadOnlyList<object?> arguments, CancellationToken cancellationToken = default) =>
        (T)(await CallAsync(message, arguments, cancellationToken))!;

    /// <summary>Sends a message and gives the answer as it came.</summary>
    public Task<WireValue> CallRawAsync(string message, IReadOnlyList<object?> arguments, CancellationToken cancellationToken = default) =>
        SendAsync(new MessageCodec(message), message, arguments, cancellationToken);

    /// <summary>All objects of a class.</summary>
    public async Task<IReadOnlyDictionary<Ref<TRecord>, TRecord>> GetAllRecordsAsync<TRecord>(CancellationToken cancellationToken = default)
        where TRecord : Record, IRecord<TRecord>, new()
    {
        // What a class declares itself, as message does, is a map like any other.
        var answer = await CallAsync($"{TRecord.Declaration.Name}.get_all_records", [], cancellationToken);
        return answer as IReadOnlyDictionary<Ref<TRecord>, TRecord>
            ?? ((RecordTable)answer!).Rows.ToDictionary(row => new Ref<TRecord>(row.Ref), row => (TRecord)row.Record);
    }

    /// <summary>
    /// Sends a message as a task (<c>Async.</c> before its name) and waits until the task is done. The task is removed afterwards.
    /// </summary>
    /// <param name="message">The full name without <c>Async.</c>.</param>
    /// <param name="arguments">As for a direct call.</param>
    /// <param name="progress">Told the task's progress, from 0 to 1.</param>
    /// <param name="watcher">
    /// The client that watches the task, if not this one: a task that is started in the session of a foreign database is a task of the
    /// real one.
    /// </param>
    /// <param name="cancellationToken">Stops waiting; the task carries on.</param>
    /// <returns>The answer, as from a direct call.</returns>
    /// <exception cref="XenApiException">The task failed, or was cancelled (<c>TASK_CANCELLED</c>).</exception>
    public async Task<object?> RunTaskAsync(
        string message,
        IReadOnlyList<object?> arguments,
        IProgress<double>? progress = null,
        XenApiClient? watcher = null,
        CancellationToken cancellationToken = default)
    {
        var codec = new MessageCodec(message);
        var started = await SendAsync(codec, "Async." + message, arguments, cancellationToken);
        if (started is not WireString task)
        {
            throw new XenApiTransportException($"{Server.Authority} answered Async.{message} with something that is no task.");
        }

        var watch = new TaskWatch(watcher ?? this, new Ref<TaskRecord>(task.Value), time);
        return Decode(codec, message, await watch.WaitAsync(progress, cancellationToken));
    }

    /// <summary>Fills a disk from a stream.</summary>
    /// <param name="vdi">The disk.</param>
    /// <param name="format"><c>raw</c> or <c>qcow2</c>.</param>
    /// <param name="content">The image.</param>
    /// <param name="sentBytes">Told how many bytes have been sent.</param>
    /// <param name="cancellationToken">Breaks the transfer off; the disk's content is then undefined.</param>
    public Task ImportRawVdiAsync(
        Ref<VdiRecord> vdi, string format, Stream content, IProgress<long>? sentBytes = null,
        CancellationToken cancellationToken = default) =>
        connection.UploadAsync(TransferPath("import_raw_vdi", vdi, format), content, sentBytes, cancellationToken);

    /// <summary>Reads a disk into a stream.</summary>
    /// <param name="vdi">The disk.</param>
    /// <param name="format"><c>raw</c> or <c>qcow2</c>.</param>
    /// <param name="target">Where to.</param>
    /// <param name="receivedBytes">Told how many bytes have come.</param>
    /// <param name="cancellationToken">Breaks the transfer off.</param>
    public Task ExportRawVdiAsync(
        Ref<VdiRecord> vdi, string format, Stream target, IProgress<long>? receivedBytes = null,
        CancellationToken cancellationToken = default) =>
        connection.DownloadAsync(TransferPath("export_raw_vdi", vdi, format), target, receivedBytes, cancellationToken);

    /// <summary>Reads the pool's whole database, as XML, into a stream. A genuine xapi's holds secrets in clear.</summary>
    public Task DumpDatabaseAsync(Stream target, IProgress<long>? receivedBytes = null, CancellationToken cancellationToken = default) =>
        connection.DownloadAsync(
            $"/pool/xmldbdump?session_id={WebUtility.UrlEncode(Session.Opaque)}", target, receivedBytes, cancellationToken);

    /// <summary>Puts a dump in the place of the pool's database, or only asks what that would do.</summary>
    /// <returns>What the server says of it: of Redoubt the plan, a sentence a line.</returns>
    public Task<string> RestoreDatabaseAsync(
        Stream dump, bool dryRun, IProgress<long>? sentBytes = null, CancellationToken cancellationToken = default) =>
        connection.UploadAsync(
            $"/pool/xmldbdump?session_id={WebUtility.UrlEncode(Session.Opaque)}&dry_run={(dryRun ? "true" : "false")}", dump, sentBytes,
            cancellationToken);

    /// <summary>Writes an archive of one VM's metadata, with its snapshots, into a stream.</summary>
    public Task ExportMetadataAsync(string vmUuid, Stream target, CancellationToken cancellationToken = default) =>
        connection.DownloadAsync(MetadataPath("export_metadata", $"uuid={WebUtility.UrlEncode(vmUuid)}"), target, null, cancellationToken);

    /// <summary>Writes one archive of several VMs' metadata into a stream. A genuine xapi, which has no such thing, refuses.</summary>
    public Task ExportMetadataAsync(IReadOnlyCollection<string> vmUuids, Stream target, CancellationToken cancellationToken = default) =>
        connection.DownloadAsync(
            MetadataPath("export_metadata", $"uuids={WebUtility.UrlEncode(string.Join(',', vmUuids))}"), target, null, cancellationToken);

    /// <summary>Writes halted VMs with their disks into a stream. A genuine xapi takes one.</summary>
    /// <param name="vmUuids">The VMs.</param>
    /// <param name="compression">How it is packed: <c>false</c>, <c>gzip</c> or <c>zstd</c>.</param>
    /// <param name="target">Where to.</param>
    /// <param name="receivedBytes">Told how many bytes have come.</param>
    /// <param name="cancellationToken">Breaks the transfer off.</param>
    public Task ExportVmsAsync(
        IReadOnlyCollection<string> vmUuids, string compression, Stream target, IProgress<long>? receivedBytes = null,
        CancellationToken cancellationToken = default) => connection.DownloadAsync(
        MetadataPath(
            "export",
            $"{(vmUuids.Count == 1 ? "uuid" : "uuids")}={WebUtility.UrlEncode(string.Join(',', vmUuids))}&use_compression={compression}"),
        target, receivedBytes, cancellationToken);

    /// <summary>Makes the VMs of an archive with their disks.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="srUuid">Where the disks are to lie; null: on the pool's default SR.</param>
    /// <param name="restore">Whether the VMs are to be the same ones again.</param>
    /// <param name="force">Whether chunks are taken that do not agree with their checksums.</param>
    /// <param name="sentBytes">Told how many bytes have been sent.</param>
    /// <param name="cancellationToken">Breaks the transfer off.</param>
    /// <returns>The VMs that were made, and what the server says besides; a genuine xapi says nothing.</returns>
    public async Task<(IReadOnlyList<Ref<VmRecord>> Vms, string Text)> ImportVmsAsync(
        Stream archive, string? srUuid, bool restore, bool force, IProgress<long>? sentBytes = null,
        CancellationToken cancellationToken = default)
    {
        var sr = srUuid is null ? "" : $"&sr_uuid={WebUtility.UrlEncode(srUuid)}";
        return await UploadVmsAsync(
            "VM import", "import", $"restore={Text(restore)}&force={Text(force)}{sr}", archive, sentBytes, cancellationToken);
    }

    /// <summary>Imports the VMs of an archive, or only asks whether that would work.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="import">How.</param>
    /// <param name="sentBytes">Told how many bytes have been sent.</param>
    /// <param name="cancellationToken">Breaks the transfer off.</param>
    /// <returns>The VMs that were made, and what the server says besides; a genuine xapi says nothing.</returns>
    public async Task<(IReadOnlyList<Ref<VmRecord>> Vms, string Text)> ImportMetadataAsync(
        Stream archive, MetadataImport import, IProgress<long>? sentBytes = null, CancellationToken cancellationToken = default)
    {
        var disks = string.Concat(import.Disks.Select(d => $"&vdi:{WebUtility.UrlEncode(d.Key)}={WebUtility.UrlEncode(d.Value)}"));
        return await UploadVmsAsync(
            "VM metadata import", "import_metadata",
            $"restore={Text(import.Restore)}&force={Text(import.Force)}&dry_run={Text(import.DryRun)}{disks}", archive, sentBytes,
            cancellationToken);
    }

    private async Task<(IReadOnlyList<Ref<VmRecord>> Vms, string Text)> UploadVmsAsync(
        string name, string handler, string query, Stream archive, IProgress<long>? sentBytes, CancellationToken cancellationToken)
    {
        // Which VMs were made, only the task says; and of a genuine xapi, only the task says why not.
        var task = await CallAsync<Ref<TaskRecord>>("task.create", [name, ""], cancellationToken);
        var path = MetadataPath(handler, $"task_id={WebUtility.UrlEncode(task.Opaque)}&{query}");
        var text = "";
        try
        {
            text = await connection.UploadAsync(path, archive, sentBytes, cancellationToken);
        }
        catch (XenApiException)
        {
            await CallAsync("task.destroy", [task], CancellationToken.None);
            throw;
        }

        var made = await new TaskWatch(this, task, time).WaitAsync(null, cancellationToken);
        return (made is WireArray { Items: var vms } ? [.. vms.OfType<WireString>().Select(v => new Ref<VmRecord>(v.Value))] : [], text);
    }

    /// <summary>
    /// Ends the session if this client logged in and did not log out, and closes the connections. A client from
    /// <see cref="WithSession"/> leaves both alone.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (!ownsConnection)
        {
            return;
        }

        try
        {
            if (loggedIn)
            {
                await LogoutAsync();
            }
        }
        catch (Exception gone) when (gone is XenApiException or XenApiTransportException)
        {
            // The session is gone with the server, or ends by itself when nobody uses it; whoever needs to know calls LogoutAsync.
        }
        finally
        {
            connection.Dispose();
        }
    }

    private Task<WireValue> SendAsync(
        MessageCodec codec, string name, IReadOnlyList<object?> arguments, CancellationToken cancellationToken) => CallLimit is { } limit
        ? LimitedAsync(name, limit, token => SendOnceAsync(codec, name, arguments, token), cancellationToken)
        : SendOnceAsync(codec, name, arguments, cancellationToken);

    // A server that dies under an open connection says nothing at all, for as long as one cares to listen.
    private async Task<WireValue> LimitedAsync(
        string name, TimeSpan limit, Func<CancellationToken, Task<WireValue>> send, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await send(both.Token);
        }
        catch (OperationCanceledException late) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new XenApiTransportException($"{Server.Authority} did not answer {name} within {limit.TotalSeconds:0} s.", late);
        }
    }

    private Task<WireValue> SendOnceAsync(
        MessageCodec codec, string name, IReadOnlyList<object?> arguments, CancellationToken cancellationToken) =>
        connection.CallAsync(
            name,
            writer =>
            {
                if (codec.NeedsSession)
                {
                    writer.String(Session.Opaque);
                }

                codec.WriteArguments(writer, arguments);
            },
            cancellationToken);

    private object? Decode(MessageCodec codec, string message, WireValue value)
    {
        try
        {
            return codec.Read(value);
        }
        catch (WireFormatException strange)
        {
            throw new XenApiTransportException($"{Server.Authority} answered {message} with something else than XenAPI says.", strange);
        }
    }

    private string MetadataPath(string handler, string query) => $"/{handler}?session_id={WebUtility.UrlEncode(Session.Opaque)}&{query}";

    private static string Text(bool value) => value ? "true" : "false";

    private string TransferPath(string handler, Ref<VdiRecord> vdi, string format) => string.Create(
        CultureInfo.InvariantCulture,
        $"/{handler}?session_id={WebUtility.UrlEncode(Session.Opaque)}&vdi={WebUtility.UrlEncode(vdi.Opaque)}&format={WebUtility.UrlEncode(format)}");
}
