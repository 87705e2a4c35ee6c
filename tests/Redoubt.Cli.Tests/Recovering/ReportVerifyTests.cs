using Redoubt.Database.Journal;
using Redoubt.Desk;

namespace Redoubt.Cli.Tests.Recovering;

public sealed class ReportVerifyTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly VolumeKey _key = VolumeKey.Create();

    [Fact]
    public async Task A_report_is_proven_by_the_key_that_is_named_and_by_no_other()
    {
        await File.WriteAllTextAsync(
            _file, SignedText.Sign("# Failover\n", false, Scene.PoolUuid, _key), TestContext.Current.CancellationToken);
        var run = await CliRun.RunAsync(["report-verify", _file, "--key", _key.Fingerprint]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains(Scene.PoolUuid, run.Output, StringComparison.Ordinal);

        // Anybody can sign with a key of their own.
        run = await CliRun.RunAsync(["report-verify", _file]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(_key.Fingerprint, run.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            _file, (await File.ReadAllTextAsync(_file, TestContext.Current.CancellationToken)).Replace("Failover", "Migration"),
            TestContext.Current.CancellationToken);
        run = await CliRun.RunAsync(["report-verify", _file, "--key", _key.Fingerprint]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("from byte 0 (line 1)", run.Error, StringComparison.Ordinal);
        foreach (var unreadable in new[] { _file + ".gone", "", "\0", "/" })
        {
            run = await CliRun.RunAsync(["report-verify", unreadable]);
            Assert.Equal(1, run.ExitCode);
            Assert.DoesNotContain(App.Fault, run.Error, StringComparison.Ordinal);
        }
    }

    public void Dispose()
    {
        File.Delete(_file);
        _key.Dispose();
    }
}
