using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Desk;

namespace Redoubt.Cli.Recovering;

/// <summary>
/// <c>redoubt report-verify</c>: whether a report is what a pool has signed. It asks nobody, so that an auditor can do it years later.
/// </summary>
internal static class ReportVerifyCommand
{
    public const string Name = "report-verify";

    public const string Details = """
        redoubt report-verify FILE --key FINGERPRINT

        FILE is a report as dr-report or the console has given it: HTML, Markdown or JSON.
        FINGERPRINT is the pool's own key as the pool shows it (pool-param-get param-name=other-config param-key=dr-metadata-key).
        Get it from the pool, not from whoever gave you the report: anybody can sign with a key of their own.

        Exit code 0: the report is, to the byte, what the pool has signed. 1: it is not, or nobody said with which key it should be.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var (file, key) = words switch
        {
            [var one] => (one, null),
            [var one, "--key", var two] => (one, two),
            ["--key", var two, var one] => (one, (string?)two),
            _ => throw new UsageException("redoubt report-verify FILE --key FINGERPRINT"),
        };
        file = FileWords.FullPath("report-verify", file);
        byte[] content;
        try
        {
            content = await File.ReadAllBytesAsync(file, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be read: {unreadable.Message}");
        }

        switch (SignedText.Check(content, key))
        {
            case SignedTextCheck.Genuine genuine when key is not null:
                terminal.PrintLine($"Genuine: to the byte what pool {genuine.PoolUuid} has signed with the key {genuine.Fingerprint}.");
                return ExitCode.Success;
            case SignedTextCheck.Genuine genuine:
                terminal.ErrorLine(
                    $"NOT PROVEN: it says that it is of pool {genuine.PoolUuid}, and is signed with the key {genuine.Fingerprint}. "
                        + "Whose key that is nobody has said: give --key, the fingerprint that the pool itself shows "
                        + "(other-config:dr-metadata-key).");
                return ExitCode.Failure;
            case SignedTextCheck.Refused refused:
                terminal.ErrorLine($"NOT GENUINE: {refused.Why}");
                return ExitCode.Failure;
            case var other:
                throw new InvalidOperationException($"There are no words for {other.GetType().Name}.");
        }
    }
}
