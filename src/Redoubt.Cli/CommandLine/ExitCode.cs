namespace Redoubt.Cli.CommandLine;

/// <summary>What the program tells its caller. Part of the contract with scripts; docs/operating/cli.md has the same list.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The server refused or failed, or the command line was wrong (as with xe).</summary>
    public const int Failure = 1;

    /// <summary>The server was not reached, or its certificate is not the one that was trusted.</summary>
    public const int Unreachable = 2;

    /// <summary><c>inspect</c>: there is nothing that could be used.</summary>
    public const int NothingUsable = 2;

    /// <summary>
    /// It worked for some objects and failed for others: <c>--multiple</c>, or the VMs of a recovery. <c>inspect</c>: some can be used, but
    /// not all.
    /// </summary>
    public const int Partial = 3;

    /// <summary>A plan was made, and something in it blocks; or a recovery was refused, and nothing was started.</summary>
    public const int Blocked = 4;

    /// <summary>A recovery waits for an answer, and nobody is here to give it.</summary>
    public const int Waiting = 5;

    /// <summary>A recovery failed, was interrupted, cancelled or taken back.</summary>
    public const int RunFailed = 6;

    /// <summary>Interrupted with Ctrl-C; what the server was told to do goes on.</summary>
    public const int Interrupted = 130;
}
