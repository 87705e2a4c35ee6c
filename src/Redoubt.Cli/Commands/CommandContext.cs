using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Connections;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>
/// What a command has at hand: its parameters, the terminal, and the server, which it reaches only when it first needs it.
/// </summary>
internal sealed class CommandContext(
    Parameters parameters, Terminal terminal, Func<CancellationToken, Task<XenApiClient>> connect, TimeProvider time,
    CancellationToken cancellationToken)
{
    private XenApiClient? api;

    /// <summary>Connects to another server than the one that the command is about. Whoever asks disposes the client.</summary>
    public required Func<Uri, Credentials, CancellationToken, Task<XenApiClient>> ConnectToAsync { get; init; }

    /// <summary>The files that the parameters name.</summary>
    public required ICommandFiles Files { get; init; }

    public Parameters Parameters => parameters;

    public Terminal Terminal => terminal;

    public TimeProvider Time => time;

    public CancellationToken CancellationToken => cancellationToken;

    public async Task<XenApiClient> ConnectAsync() => api ??= await connect(cancellationToken);

    public async Task<WireValue> CallAsync(string message, params object?[] arguments)
    {
        var server = await ConnectAsync();
        return await OrLackingAsync(message, () => server.CallRawAsync(message, arguments, cancellationToken));
    }

    /// <summary>The reference of an object whose UUID is the value of a parameter.</summary>
    public Task<string> RefAsync(string className, string parameter = "uuid") => RefOfAsync(className, parameters.Get(parameter));

    public async Task<string> RefOfAsync(string className, string uuid) =>
        (await CallAsync($"{className}.get_by_uuid", uuid)).AsString($"ref {className}");

    /// <summary>The object whose UUID is the value of a parameter; the null reference without it.</summary>
    public async Task<Ref<TRecord>> FindRefAsync<TRecord>(string parameter)
        where TRecord : Record, IRecord<TRecord>, new() =>
        parameters.Find(parameter) is { } uuid ? new Ref<TRecord>(await RefOfAsync(TRecord.Declaration.Name, uuid)) : default;

    /// <summary>Calls a message that is about one object, named by <c>uuid=</c>.</summary>
    public async Task CallOnAsync(string className, string message) =>
        await CallAsync($"{className}.{message}", await RefAsync(className));

    /// <summary>Prints the UUID of an object that was just made, as every command that makes one does.</summary>
    public async Task PrintUuidAsync(string className, WireValue reference) =>
        terminal.PrintLine((await CallAsync($"{className}.get_uuid", reference)).AsString("uuid"));

    /// <summary>Runs a message as a task, shows its progress and gives its answer.</summary>
    public async Task<object?> RunTaskAsync(string label, string message, IReadOnlyList<object?> arguments, XenApiClient? session = null)
    {
        var local = await ConnectAsync();
        using var progress = new ProgressLine(terminal, label, time);
        return await OrLackingAsync(message, () => (session ?? local).RunTaskAsync(message, arguments, progress, local, cancellationToken));
    }

    /// <summary>
    /// Works on the database that <c>database:</c> names, in a session that is ended afterwards; on the server's own without it.
    /// </summary>
    public async Task<T> WithDatabaseAsync<T>(Func<XenApiClient, Task<T>> work)
    {
        var database = parameters.Map("database");
        if (database.Keys.FirstOrDefault(k => k is not ("vdi-uuid" or "filename" or "at")) is { } unknown)
        {
            throw new UsageException(
                $"There is no parameter database:{unknown}; it is database:vdi-uuid= or database:filename=, and "
                    + "database:at= for an earlier state.");
        }

        if (database.ContainsKey("vdi-uuid") == database.ContainsKey("filename") && database.Count > 0)
        {
            throw new UsageException("Give either database:vdi-uuid= or database:filename=.");
        }

        if (database.ContainsKey("at") && !database.ContainsKey("vdi-uuid"))
        {
            throw new UsageException("database:at= goes with database:vdi-uuid=: only a metadata disk has earlier states.");
        }

        var local = await ConnectAsync();
        if (database.Count == 0)
        {
            return await work(local);
        }

        // Reading a file of the server's needs the server's own superuser, which it checks and says.
        var session = database.TryGetValue("vdi-uuid", out var vdi)
            ? database.TryGetValue("at", out var at)
                ? new Ref<SessionRecord>(
                    (await CallAsync("VDI.open_database_at", await RefOfAsync("VDI", vdi), at)).AsString("ref session"))
                : await local.Vdi.OpenDatabaseAsync(new(await RefOfAsync("VDI", vdi)), cancellationToken)
            : await new SessionClient(local).CreateFromDbFileAsync(database["filename"], cancellationToken);
        var foreign = local.WithSession(session);
        try
        {
            return await work(foreign);
        }
        finally
        {
            // Not with the command's token: a session that is left open holds a whole database in the server's memory.
            await foreign.LogoutAsync(CancellationToken.None);
        }
    }

    /// <summary>
    /// Sends a message that this server may not have: there is nothing else to send in its place, so the refusal is put in words.
    /// </summary>
    public static async Task<T> OrLackingAsync<T>(string message, Func<Task<T>> send)
    {
        try
        {
            return await send();
        }
        catch (XenApiException lacking) when (LackingMessage.Is(message, lacking))
        {
            throw new UsageException($"This server can't do that: it has no {message}, which only Redoubt has.");
        }
    }
}
