using System.Net;
using Microsoft.AspNetCore.Http;
using Redoubt.Desk;
using Redoubt.Pool;

namespace Redoubt.Console;

/// <summary>What the console is given by the server that it is a part of.</summary>
public sealed record ConsoleServer
{
    /// <summary>The pool that it shows.</summary>
    public required PoolServices Pool { get; init; }

    /// <summary>Plans, runs, sites and schedules.</summary>
    public required RecoveryService Recovery { get; init; }

    /// <summary>The API, for whatever is done.</summary>
    public required OwnApi Api { get; init; }

    /// <summary>Logs somebody in, with the name and password that they gave, from where they are; refuses as the API does.</summary>
    public required Func<string, string, IPAddress, CancellationToken, Task<SessionState>> LoginAsync { get; init; }

    /// <summary>Told of each request of somebody who is logged in, whose connection counts as known from then on.</summary>
    public required Action<HttpContext> Prove { get; init; }

    /// <summary>
    /// Has a look into a file of the machine, by its path, done and recorded: by whom, from where, at what, and how it ended.
    /// </summary>
    public required Func<SessionState, IPAddress, string, Func<Task<object?>>, Task<object?>> RecordAsync { get; init; }
}
