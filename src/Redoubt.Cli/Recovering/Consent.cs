using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Recovering;

/// <summary>A person's word before something that can't be taken back lightly: they type a name, which nobody does by mistake.</summary>
internal static class Consent
{
    /// <exception cref="UsageException">It was not given.</exception>
    public static void Require(Terminal terminal, Parameters parameters, string what, string name)
    {
        if (parameters.Flag("yes"))
        {
            return;
        }

        if (!terminal.CanAsk)
        {
            throw new UsageException($"Nobody can be asked here whether to {what}. Give --yes if that is meant; nothing was started.");
        }

        if (terminal.Ask($"To {what}, type {name}: ")?.Trim() != name)
        {
            throw new UsageException("That is not the name. Nothing was started.");
        }
    }
}
