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
    public void What_the_hosts_of_a_pool_agree_to_another_takes_over_and_goes_on_with()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-journal-");
        try
        {
            var agreed = new List<(long Number, byte[] Lines)>();
            RunAgreement? agreement = null;
            using var first = RunJournal.Open(Path.Combine(directory.FullName, "first.db"), null, write => write(agreement));
            first.Append("alone", [new RunEvent.Logged("a"), new RunEvent.Logged("b")]);
            agreement = new((number, lines) => Agree(number, lines, isLong: false), (number, lines) => Agree(number, lines, isLong: false));
            first.Lay(agreement);
            first.Append("together", [new RunEvent.Logged("c")]);
            Assert.Equal([2, 3], agreed.Select(e => e.Number));

            // What is told twice is there once; and nothing is kept that was not agreed to.
            using (var copy = RunCopy.Open(Path.Combine(directory.FullName, "second.db")))
            {
                agreed.ForEach(e => copy.Take(e.Lines));
                agreed.ForEach(e => copy.Take(e.Lines));
                Assert.Equal(3, copy.Last);
                Assert.Throws<InvalidDataException>(() => copy.Take("no event"u8.ToArray()));
            }

            agreement = new((_, _) => throw new IOException("no majority"), (_, _) => { });
            Assert.Throws<IOException>(() => first.Append("lost", [new RunEvent.Logged("d")]));
            Assert.Equal(3, first.Last);

            agreement = new((number, lines) => Agree(number, lines, isLong: true), (number, lines) => Agree(number, lines, isLong: false));
            using var second = RunJournal.Open(Path.Combine(directory.FullName, "second.db"), null, write => write(agreement));
            agreed.Clear();
            second.Append("together", [new RunEvent.Logged("e")]);
            Assert.Equal([4, 4], agreed.Select(e => e.Number));
            using var third = RunCopy.Open(Path.Combine(directory.FullName, "third.db"));
            third.Take(agreed[1].Lines);
            Assert.Equal(4, third.Last);
            using var read = RunJournal.Open(Path.Combine(directory.FullName, "third.db"), null);
            Assert.Equal(["ab", "ce"], read.Read().Select(r => string.Concat(r.Cast<RunEvent.Logged>().Select(e => e.Text))));

            bool Agree(long number, byte[] lines, bool isLong)
            {
                agreed.Add((number, lines));
                return isLong;
            }
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
