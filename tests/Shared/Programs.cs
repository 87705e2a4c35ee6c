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
}
