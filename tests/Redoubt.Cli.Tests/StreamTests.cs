using System.Diagnostics;

namespace Redoubt.Cli.Tests;

/// <summary>The program itself, with standard streams, pipes and devices where other commands have files.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task A_disk_goes_in_and_out_through_standard_streams_and_pipes()
    {
        await using var pool = await Scene.StartAsync();
        var script = $$"""
            set -e
            xe() { dotnet "$REDOUBT" -s {{pool.Url}} -pw "$PASSWORD" "$@"; }
            printf abc | xe vdi-import uuid={{Scene.DiskUuid}} filename=
            xe vdi-export uuid={{Scene.DiskUuid}} filename=
            printf def | xe vdi-import uuid={{Scene.DiskUuid}} filename=/dev/stdin
            xe vdi-export uuid={{Scene.DiskUuid}} filename=/dev/stdout
            xe vdi-import uuid={{Scene.DiskUuid}} filename=<(printf ghi)
            xe vdi-export uuid={{Scene.DiskUuid}} filename=/dev/null
            xe vdi-export uuid={{Scene.DiskUuid}} filename= | cat
            """;
        Assert.Equal((0, "abcdefghi", ""), await BashAsync(script));
    }

    [Theory]
    [InlineData("dotnet \"$REDOUBT\" help --all > /dev/full", 1)]
    [InlineData("dotnet \"$REDOUBT\" help --all | true; exit ${PIPESTATUS[0]}", null)]
    public async Task Output_that_nobody_takes_ends_the_program_and_does_not_crash_it(string script, int? code)
    {
        var run = await BashAsync(script);
        Assert.True(run.Code is 0 or 1 && run.Code == (code ?? run.Code), $"{run}");
        Assert.DoesNotContain("Unhandled", run.Error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> BashAsync(string script)
    {
        var start = new ProcessStartInfo("bash")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "-c", script },
        };
        start.Environment["REDOUBT"] = typeof(App).Assembly.Location;
        start.Environment["PASSWORD"] = FakePool.Password;
        using var bash = Process.Start(start)!;
        var output = bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (bash.ExitCode, await output, error);
    }
}
