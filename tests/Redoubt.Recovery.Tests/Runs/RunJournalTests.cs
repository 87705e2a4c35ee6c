namespace Redoubt.Recovery.Tests;

/// <summary>What the journal promises to runs that write at the same time, and to whoever looks at them.</summary>
public sealed class RunJournalTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task Several_runs_write_at_once()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-journal-");
        try
        {
            var path = Path.Combine(directory.FullName, "runs.db");
            using (var journal = RunJournal.Open(path, null))
            {
                await Task.WhenAll(Enumerable.Range(0, 8).Select(run => Task.Run(() =>
                {
                    for (var i = 0; i < 20; i++)
                    {
                        journal.Append($"run {run}", [new RunEvent.Logged($"{i} a"), new RunEvent.Logged($"{i} b")]);
                    }
                }, Cancel)));
            }

            using var again = RunJournal.Open(path, null);
            var expected = Enumerable.Range(0, 20).SelectMany(i => new[] { $"{i} a", $"{i} b" }).ToList();
            Assert.Equal(8, again.Read().Count);
            Assert.All(again.Read(), events => Assert.Equal(expected, events.Cast<RunEvent.Logged>().Select(e => e.Text)));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Nothing_is_shown_that_the_journal_does_not_have()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        await scene.OpenAsync();
        Assert.True(await scene.StartAsync());
        using var reader = RunJournal.Open(scene.JournalPath, null);
        RunRecord run;
        do
        {
            run = scene.Run;
            Assert.InRange(run.Revision, 1, reader.Read().Single().Count);
            await Task.Yield();
        }
        while (!run.Phase.IsFinal());

        Assert.Equal(RunPhase.Succeeded, run.Phase);
        Assert.Equal(run.Revision, reader.Read().Single().Count);
    }
}
