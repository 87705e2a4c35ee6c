using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Connections;

/// <summary>Who logs in.</summary>
internal sealed record Credentials(string User, string Password)
{
    private const string DefaultUser = "root";

    /// <exception cref="UsageException">There is no password, or the file has not two lines.</exception>
    public static Credentials Of(GlobalOptions options)
    {
        if (options is { Password: not null, PasswordFile: not null })
        {
            throw new UsageException("Give either -pw or -pwf.");
        }

        if (options.Password is { } password)
        {
            return new(options.User ?? DefaultUser, password);
        }

        var file = options.PasswordFile
            ?? throw new UsageException("No password. Give -pwf FILE (user name on its first line, password on its second), or -pw.");
        var lines = FileWords.FirstLines("The password file", file);
        return lines is [var user, var secret, ..] && secret.Length > 0
            ? new(options.User ?? user, secret)
            : throw new UsageException($"{file} must have the user name on its first line and the password on its second.");
    }

    public override string ToString() => User;
}
