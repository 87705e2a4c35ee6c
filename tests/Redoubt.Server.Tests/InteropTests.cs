using System.ComponentModel;
using System.Diagnostics;

namespace Redoubt.Server.Tests;

/// <summary>
/// Lets clients that others wrote, or that speak as theirs do, loose on the server. What they expect stands in their scripts.
/// </summary>
public sealed class InteropTests(TestPool pool) : IClassFixture<TestPool>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static string Folder => Path.Combine(Repository.Root, "tests", "interop");

    [Theory]
    [InlineData("auto")]
    [InlineData("xml-rpc")]
    public async Task The_npm_package_xen_api_connects_watches_lists_and_calls(string transport)
    {
        Assert.True(
            Directory.Exists(Path.Combine(Folder, "node_modules", "xen-api")),
            "the npm package xen-api is not installed: run script/prepare --tests");
        await RunAsync("node", "client.mjs", pool.Url.ToString(), transport, pool.PasswordFile);
    }

    [Fact]
    public Task The_manner_of_the_Python_SDK_works() => RunAsync("python3", "client.py", pool.Url.ToString(), pool.PasswordFile);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            Assert.Fail($"{program} can't be run ({missing.Message}): run script/prepare --tests");
            return;
        }

        using (process)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(Limit);
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }

            Assert.True(process.ExitCode == 0, $"{program} {arguments[0]}: exit code {process.ExitCode}\n{await output}\n{await error}");
            Assert.Equal("all as expected\n", await output);
        }
    }
}
