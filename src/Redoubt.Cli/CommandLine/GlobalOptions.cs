namespace Redoubt.Cli.CommandLine;

/// <summary>What stands for every command: which server, and as whom.</summary>
internal sealed record GlobalOptions
{
    /// <summary>A host name, an address, or a URL; this machine if absent.</summary>
    public string? Server { get; init; }

    public int? Port { get; init; }

    /// <summary>Plain HTTP, which goes to this machine only.</summary>
    public bool NoSsl { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A file with the user's name on its first line and the password on its second.</summary>
    public string? PasswordFile { get; init; }

    // A record prints all its properties; a password must not get into a log that way.
    public override string ToString() => $"{User}@{Server}:{Port}";
}
