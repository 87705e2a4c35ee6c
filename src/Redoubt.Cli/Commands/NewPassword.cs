using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>
/// Gets a password that is to be set: from the first line of a file, or typed twice at the terminal without being shown. Never from the
/// command line, which every user of the machine can read.
/// </summary>
internal static class NewPassword
{
    /// <exception cref="UsageException">There is none, or what was typed differs.</exception>
    public static string Read(CommandContext context)
    {
        if (context.Parameters.Find("password-file") is { } file)
        {
            return FromFile(file);
        }

        if (!context.Terminal.CanAsk)
        {
            throw new UsageException("No password. Give password-file=, a file with the password on its first line, or run this at a terminal.");
        }

        var password = context.Terminal.AskSecret("New password: ");
        if (password.Length == 0)
        {
            throw new UsageException("The password is empty. Nothing was changed.");
        }

        return context.Terminal.AskSecret("Once more: ") == password ? password : throw new UsageException("The two passwords differ. Nothing was changed.");
    }

    /// <summary>The password on the first line of a file.</summary>
    /// <exception cref="UsageException">It can't be read, or is empty.</exception>
    public static string FromFile(string file) => FileWords.FirstLines("The password file", file) is [{ Length: > 0 } password, ..]
        ? password
        : throw new UsageException($"{file} must have the password on its first line.");
}
