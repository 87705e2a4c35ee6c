using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Server.ThinCli;

/// <summary>A command line that came over the network, from somebody who has logged in.</summary>
public sealed record CommandLineCall
{
    /// <summary>The command and its parameters.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>This server, for the calls that the command makes.</summary>
    public required Uri Server { get; init; }

    /// <summary>The session to make them with; it has the role of who logged in, and ends with the command.</summary>
    public required string Session { get; init; }

    /// <summary>Whether a certificate is this server's.</summary>
    public required Func<X509Certificate2, bool> AcceptCertificate { get; init; }

    /// <summary>Has the caller send a file of its own machine; false: it did not.</summary>
    public required Func<string, Func<Stream, Task>, CancellationToken, Task<bool>> SendFileAsync { get; init; }

    /// <summary>Has the caller write a file of its own machine, a new one; false: it did not.</summary>
    public required Func<string, Func<Stream, Task>, CancellationToken, Task<bool>> ReceiveFileAsync { get; init; }

    /// <summary>What the command prints.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>What it says besides.</summary>
    public required TextWriter Error { get; init; }
}
