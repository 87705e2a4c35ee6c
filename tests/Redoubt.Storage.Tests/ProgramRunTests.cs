namespace Redoubt.Storage.Tests;

public sealed class ProgramRunTests
{
    [Fact]
    public async Task A_program_keeps_no_more_than_is_asked_of_what_it_prints()
    {
        var ended = await ProgramRun.RunAsync(
            new("sh", ["-c", "head -c 30000000 /dev/zero | tr '\\0' x; printf end; exit 3"]), 100, TimeSpan.FromMinutes(30),
            TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(3, ended!.ExitCode);
        Assert.InRange(ended.Output.Length, 100, 200);
        Assert.EndsWith("xend", ended.Output, StringComparison.Ordinal);
    }
}
