using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Redoubt.Compute.Tests;

/// <summary>Runs the tests, or plays a process that a test needs: <c>--hypervisor-child URI</c>, <c>--many-calls URI</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is [ChildProcess.Mode, var uri])
            return await ChildProcess.PlayAsync(uri);
        if (args is [ManyCalls.Mode, var asked])
            return await ManyCalls.PlayAsync(asked);
        if (args.Any(arg => arg is "--server" or "--internal-msbuild-node"))
            return await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
        return await ConsoleRunner.Run(args);
    }
}
