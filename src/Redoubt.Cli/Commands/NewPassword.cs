using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>
/// Gets a password that is to be set: from the first line of a file, or typed twice at the terminal without being shown. Never from the
/// command line, which every user of the machine can read.
/// </summary>
internal static class NewPassword
{
    /// <param name="context">The call.</param>
    /// <param name="what">What it is called; the file is given as that with <c>-file</c>.</param>
    /// <param name="question">What to ask.</param>
    /// <param name="isNew">Whether it is to be set, and so is asked for twice.</param>
    /// <exception cref="UsageException">There is none, or what was typed differs.</exception>
    public static string Read(CommandContext context, string what = "password", string question = "New password: ", bool isNew = true)
    {
        if (context.Parameters.Find($"{what}-file") is { } file)
        {
            return FromFile(file, what);
        }

        if (!context.Terminal.CanAsk)
        {
            throw new UsageException($"No {what}. Give {what}-file=, a file with the {what} on its first line, or run this at a terminal.");
        }

        var password = context.Terminal.AskSecret(question);
        if (password.Length == 0)
        {
            throw new UsageException($"The {what} is empty. Nothing was changed.");
        }

        return !isNew || context.Terminal.AskSecret("Once more: ") == password
            ? password
            : throw new UsageException($"The two {what}s differ. Nothing was changed.");
    }

    /// <summary>The password on the first line of a file.</summary>
    /// <exception cref="UsageException">It can't be read, or is empty.</exception>
    public static string FromFile(string file, string what = "password") =>
        FileWords.FirstLines($"The {what} file", file) is [{ Length: > 0 } password, ..]
        ? password
        : throw new UsageException($"{file} must have the {what} on its first line.");
}
