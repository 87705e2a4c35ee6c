using System.Diagnostics;

namespace Redoubt.Tests;

/// <summary>Programs of the machine that tests need.</summary>
internal static class Programs
{
    /// <summary>Runs one to its end; whether it ended well. What it complains about is not shown.</summary>
    public static async Task<bool> RunAsync(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode == 0;
    }

    /// <summary>Runs one to its end, for what it prints; also when the test is broken off, since it may be what cleans up.</summary>
    public static async Task<(int ExitCode, string Output)> ReadAsync(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        return (process.ExitCode, output);
    }
}
