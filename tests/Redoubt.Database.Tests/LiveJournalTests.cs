using System.Threading.Channels;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

public sealed class LiveJournalTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_journal_that_is_added_holds_the_whole_database_and_every_change_after()
    {
        await using var pool = await TestPool.OpenAsync();
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "before" }), Stop);
        var path = pool.Make("sr.journal");
        await pool.Database.AttachAsync(new LiveJournal("sr", path, null, TimeProvider.System), false, Stop);
        Assert.Single(TestPool.Read(path).FindByName<VmRecord>("before"));

        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "after" }), Stop);

        Assert.Single(TestPool.Read(path).FindByName<VmRecord>("after"));
    }

    [Fact]
    public async Task A_journal_of_the_pool_that_has_gone_is_made_anew_though_it_was_longer()
    {
        await using var pool = await TestPool.OpenAsync();
        var path = Path.Combine(Path.GetDirectoryName(pool.LocalPath)!, "other.journal");
        using (var device = JournalDevice.Create(path, 2 * JournalLayout.LocalVolumeBytes))
        {
            JournalWriter.Initialise(device);
        }

        var local = new LiveJournal("local", path, null, TimeProvider.System, make: () => pool.Make("other.journal"));
        await using var database = await PoolDatabase.OpenAsync(DatabaseState.Empty, local, TimeProvider.System, Guid.NewGuid);
        File.Delete(path);
        var vm = await database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "durable" }), Stop);

        Assert.Equal("durable", TestPool.Read(path).Get(vm).NameLabel);
    }

    [Fact]
    public async Task A_journal_that_is_added_under_load_misses_nothing_that_is_acknowledged_after()
    {
        await using var pool = await TestPool.OpenAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var vms = await pool.Database.WriteAsync(tx => Enumerable.Range(0, 16).Select(_ => tx.Create(new VmRecord())).ToList(), Stop);
        var acknowledged = new long[vms.Count];
        var writers = vms.Select((vm, w) => Task.Run(
            async () =>
            {
                for (var n = 1L; !enough.IsCancellationRequested; n++)
                {
                    await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { Order = n }), CancellationToken.None);
                    Volatile.Write(ref acknowledged[w], n);
                }
            },
            Stop)).ToList();

        var path = pool.Make("sr.journal");
        await pool.Database.AttachAsync(new LiveJournal("sr", path, null, TimeProvider.System), false, Stop);
        for (var look = 0; look < 20; look++)
        {
            var promised = acknowledged.Select((_, w) => Volatile.Read(ref acknowledged[w])).ToList();
            if (Redoubt.Database.Journal.JournalReader.Read(path) is Redoubt.Database.Journal.JournalVerdict.Intact intact)
            {
                var state = StateDump.FromDump(intact.Content.Database);
                Assert.All(vms.Zip(promised), p => Assert.True(state.Get(p.First).Order >= p.Second));
            }
        }

        await enough.CancelAsync();
        await Task.WhenAll(writers);
    }

    [Fact]
    public async Task A_broken_journal_says_so_between_its_tries_and_is_written_at_once_when_somebody_asks()
    {
        await using var pool = await TestPool.OpenAsync();
        var path = pool.Make("sr.journal");
        var journal = new LiveJournal("sr", path, null, TimeProvider.System);
        await pool.Database.AttachAsync(journal, false, Stop);
        var (failures, stood) = (0, new List<JournalHealth>());
        pool.Database.JournalChanged += (_, standing) => failures += standing.Health == JournalHealth.Broken ? 1 : 0;
        File.Move(path, path + ".away");
        await Patience.UntilAsync(
            () =>
            {
                stood.Add(journal.Health);
                return failures >= 3;
            },
            "it was tried again and again");

        // A try takes no time when there is nothing to open: in between it is broken and not on its way back.
        Assert.True(stood.Count(h => h == JournalHealth.CatchingUp) < stood.Count / 4, string.Join(' ', stood));
        File.Move(path + ".away", path);
        await pool.Database.FlushWholeAsync(Stop);
        Assert.Equal(pool.Database.State.Generation, TestPool.Read(path).Generation);
        await Patience.UntilAsync(() => journal.Health == JournalHealth.Healthy, "it is healthy");
    }

    [Fact]
    public async Task A_journal_that_was_let_go_stays_as_it_was()
    {
        await using var pool = await TestPool.OpenAsync();
        var path = pool.Make("sr.journal");
        await pool.Database.AttachAsync(new LiveJournal("sr", path, null, TimeProvider.System), false, Stop);
        await pool.Database.DetachAsync("sr");
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "later" }), Stop);

        Assert.Empty(TestPool.Read(path).FindByName<VmRecord>("later"));
    }

    [Fact]
    public async Task A_journal_that_can_t_be_opened_is_refused_and_the_pool_goes_on()
    {
        await using var pool = await TestPool.OpenAsync();
        await Assert.ThrowsAnyAsync<IOException>(
            () => pool.Database.AttachAsync(new LiveJournal("sr", "/nonexistent/volume", null, TimeProvider.System), false, Stop));

        Assert.Empty(pool.Database.Journals);
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop);
    }

    [Fact]
    public async Task A_volume_that_is_full_is_announced_and_caught_up_when_there_is_space_again()
    {
        await using var pool = await TestPool.OpenAsync();
        var mount = Directory.CreateTempSubdirectory("redoubt-full-").FullName;
        Assert.SkipUnless(
            await Programs.RunAsync("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mount), "mounting is not permitted here");
        try
        {
            var path = pool.Make(Path.Combine(mount, "sr.journal"));
            var health = Channel.CreateUnbounded<string?>();
            pool.Database.JournalChanged += (journal, standing) =>
            {
                if (journal.Key == "sr" && standing.Health is JournalHealth.Healthy or JournalHealth.Broken)
                {
                    health.Writer.TryWrite(standing.Reason);
                }
            };
            await pool.Database.AttachAsync(new LiveJournal("sr", path, null, TimeProvider.System), false, Stop);
            Assert.Null(await health.Reader.ReadAsync(Stop));

            var large = new string('x', 4 << 20);
            var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameDescription = large }), Stop);
            Assert.NotNull(await health.Reader.ReadAsync(Stop));
            Assert.Equal(JournalHealth.Broken, Assert.Single(pool.Database.Journals).Health);
            await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = "while full" }), Stop);

            Assert.True(await Programs.RunAsync("mount", "-o", "remount,size=100m", mount));
            while (await health.Reader.ReadAsync(Stop) is not null)
            {
                // It may have been tried again before there was space.
            }

            Assert.Equal(vm, Assert.Single(TestPool.Read(path).FindByName<VmRecord>("while full")));
        }
        finally
        {
            await pool.Database.DetachAsync("sr");
            await Programs.RunAsync("umount", mount);
            Directory.Delete(mount);
        }
    }

    [Fact]
    public async Task A_volume_that_hangs_holds_the_pool_up_for_its_limit_once_and_is_caught_up_when_it_answers()
    {
        await using var pool = await TestPool.OpenAsync();
        await using var storage = await FrozenStorage.AtAsync(Path.Combine(Path.GetDirectoryName(pool.LocalPath)!, "mounted"));
        var path = pool.Make(Path.Combine(storage.FullPath, "sr.journal"));
        var health = Channel.CreateUnbounded<string?>();
        pool.Database.JournalChanged += (journal, standing) =>
        {
            if (journal.Key == "sr" && standing.Health is JournalHealth.Healthy or JournalHealth.Broken)
            {
                health.Writer.TryWrite(standing.Reason);
            }
        };
        await pool.Database.AttachAsync(new LiveJournal("sr", path, null, TimeProvider.System), false, Stop);
        Assert.Null(await health.Reader.ReadAsync(Stop));

        // The first state of the history is written aside, and is not what shall hang.
        using (var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            while (Redoubt.Database.Journal.JournalHistory.List(path).Entries.Count == 0)
            {
                await tick.WaitForNextTickAsync(Stop);
            }
        }

        await storage.FreezeAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop);
        Assert.Contains("did not answer", await health.Reader.ReadAsync(Stop), StringComparison.Ordinal);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 20; i++)
        {
            await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = $"while hung {i}" }), Stop);
        }

        // Had each waited for the volume again, it would have been forty seconds.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, 10 * LiveJournal.AppendLimit);

        await storage.ThawAsync();
        while (await health.Reader.ReadAsync(Stop) is not null)
        {
            // It may be told once more that it was broken.
        }

        Assert.Equal("while hung 19", TestPool.Read(path).Get(vm).NameLabel);
        await pool.Database.DetachAsync("sr");
    }

    [Fact]
    public async Task A_database_that_outgrows_its_half_moves_to_the_other()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop);
        var large = new string('x', 8 << 20);
        for (var i = 0; i < 20; i++)
        {
            await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameDescription = large + i }), Stop);
        }

        Assert.Equal(large + 19, TestPool.Read(pool.LocalPath).Get(vm).NameDescription);
    }

    [Fact]
    public async Task The_history_gets_the_first_state_and_the_one_before_the_VMs_were_lost()
    {
        await using var pool = await TestPool.OpenAsync();
        await UntilAsync(() => JournalHistory.List(pool.LocalPath).Entries.Count == 1);
        var vms = await pool.Database.WriteAsync(
            tx => Enumerable.Range(0, 4).Select(i => tx.Create(new VmRecord { NameLabel = $"{i}" })).ToList(), Stop);
        var had = pool.Database.State.Generation;
        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var vm in vms)
                {
                    tx.Delete(vm);
                }
            },
            Stop);
        await UntilAsync(() => JournalHistory.List(pool.LocalPath).Entries is [_, { Vms: 4 }]);

        Assert.Equal(had, JournalHistory.List(pool.LocalPath).Entries[1].Generation);
        var content = Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(pool.LocalPath, new JournalPoint.AtGeneration(had))).Content;
        Assert.Equal(4, StateDump.FromDump(content.Database).All<VmRecord>().Count());
        Assert.Equal(ProofStanding.Whole, Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(pool.LocalPath)).Content.Proof.Standing);
    }

    [Fact]
    public void States_are_due_after_five_minutes_after_a_full_write_and_before_a_fall_but_never_twice()
    {
        var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        bool Due(long generation, double minutes, bool isWhole = false, bool isFall = false) =>
            HistoryPolicy.IsDue(new HistoryPoint(100, start), new HistoryPoint(generation, start.AddMinutes(minutes)), isWhole, isFall);
        Assert.True(HistoryPolicy.IsDue(null, new HistoryPoint(0, start), false, false));
        Assert.False(Due(100, 60, isWhole: true, isFall: true));
        Assert.Equal((false, true, true), (Due(102, 4.9), Due(102, 5), Due(102, -6)));
        Assert.Equal((true, true), (Due(102, 0, isWhole: true), Due(102, 0, isFall: true)));
        Assert.Equal((false, true), (Due(50_000, 0.9), Due(50_000, 1)));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition())
        {
            await tick.WaitForNextTickAsync(Stop);
        }
    }
}
