using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

public sealed class PoolDatabaseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_acknowledged_change_is_in_the_journal()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "web 'one' é中😀", Order = 3 }), Stop);

        var left = TestPool.Read(pool.LocalPath);

        Assert.Equal("web 'one' é中😀", left.Get(vm).NameLabel);
        Assert.Equal(3, left.Get(vm).Order);
        Assert.Null(TestPool.Differences(pool.Database.State, left));
    }

    [Fact]
    public async Task A_transaction_that_fails_leaves_nothing()
    {
        await using var pool = await TestPool.OpenAsync();
        var before = pool.Database.State;

        await Assert.ThrowsAsync<XenApiException>(() => pool.Database.WriteAsync(
            tx =>
            {
                tx.Create(new VmRecord { NameLabel = "half" });
                tx.Get(new Ref<SrRecord>("OpaqueRef:nowhere"));
            },
            Stop));

        Assert.Same(before, pool.Database.State);
    }

    [Fact]
    public void What_joins_a_large_set_costs_what_it_does_in_a_small_one()
    {
        Assert.InRange(Cost(10_000), 0, 2 * Cost(100));

        // What is allocated does not depend on what else the machine does.
        static long Cost(int disks)
        {
            var made = new Transaction(DatabaseState.Empty, Guid.NewGuid);
            var sr = made.Create(new SrRecord { NameLabel = "sr" });
            for (var i = 0; i < disks; i++)
            {
                made.Create(new VdiRecord { Sr = sr, NameLabel = $"{i}" });
            }

            Commit();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Commit();
            return GC.GetAllocatedBytesForCurrentThread() - before;

            void Commit()
            {
                var transaction = new Transaction(made.State, Guid.NewGuid);
                transaction.Create(new VdiRecord { Sr = sr, NameLabel = "another" });
                Assert.NotNull(Database.Commit.Of(transaction, transaction.Changes(), 0, null).Transaction);
            }
        }
    }

    [Fact]
    public async Task Many_rows_at_once_are_what_they_would_be_one_by_one()
    {
        await using var pool = await TestPool.OpenAsync();
        var (one, many) = await pool.Database.WriteAsync(
            tx =>
            {
                var (first, second) = (tx.Create(new SrRecord()), tx.Create(new SrRecord()));
                foreach (var disk in Disks(first))
                {
                    tx.Create(disk);
                }

                tx.CreateAll(Disks(second));
                return (first, second);
            },
            Stop);
        var state = pool.Database.State;
        Assert.Equal(Names(one), Names(many));
        Assert.Equal(200, Names(many).Count);
        Assert.All(state.Get(many).Vdis, v => Assert.Equal(v, state.FindByUuid<VdiRecord>(state.Get(v).Uuid)));
        Assert.All(state.Get(many).Vdis, v => Assert.Contains(v, state.FindByName<VdiRecord>(state.Get(v).NameLabel)));
        Assert.Null(TestPool.Differences(state, TestPool.Read(pool.LocalPath)));

        // They are changed together too, and a UUID is there once.
        await pool.Database.WriteAsync(tx => Assert.All(tx.Get(many).Vdis, v => tx.Update(v, r => r with { NameLabel = "renamed" })), Stop);
        Assert.Equal(200, pool.Database.State.FindByName<VdiRecord>("renamed").Count());
        Assert.Equal(20, pool.Database.State.FindByName<VdiRecord>("disk 7").Count());
        Assert.Null(TestPool.Differences(pool.Database.State, TestPool.Read(pool.LocalPath)));
        var taken = state.Get(state.Get(one).Vdis[0]).Uuid;
        foreach (var uuids in new[] { new[] { taken }, ["11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000001"] })
        {
            var refused = await Assert.ThrowsAsync<XenApiException>(
                () => pool.Database.WriteAsync(tx => tx.CreateAll(uuids.Select(u => new VdiRecord { Uuid = u })), Stop));
            Assert.Equal("UUID_ALREADY_EXISTS", refused.Code);
        }

        static IEnumerable<VdiRecord> Disks(Ref<SrRecord> sr) => Enumerable.Range(0, 200).Select(
            i => new VdiRecord { Sr = sr, NameLabel = $"disk {i % 10}" });

        List<string> Names(Ref<SrRecord> sr) => [.. pool.Database.State.Get(sr).Vdis.Select(
            v => pool.Database.State.Get(v).NameLabel).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Computed_sets_follow_the_fields_they_are_computed_from()
    {
        await using var pool = await TestPool.OpenAsync();
        var (a, b, vbd) = await pool.Database.WriteAsync(
            tx =>
            {
                var (first, second) = (tx.Create(new VmRecord()), tx.Create(new VmRecord()));
                return (first, second, tx.Create(new VbdRecord { Vm = first }));
            },
            Stop);
        Assert.Equal([vbd], pool.Database.State.Get(a).Vbds);

        await pool.Database.WriteAsync(tx => tx.Update(vbd, v => v with { Vm = b }), Stop);
        Assert.Empty(pool.Database.State.Get(a).Vbds);
        Assert.Equal([vbd], pool.Database.State.Get(b).Vbds);
        Assert.Equal([vbd], TestPool.Read(pool.LocalPath).Get(b).Vbds);

        await pool.Database.WriteAsync(tx => tx.Delete(vbd), Stop);
        Assert.Empty(pool.Database.State.Get(b).Vbds);
    }

    [Fact]
    public async Task Objects_are_found_by_uuid_and_by_name_through_every_change()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "old" }), Stop);
        await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = "new" }), Stop);
        var state = pool.Database.State;

        Assert.Empty(state.FindByName<VmRecord>("old"));
        Assert.Equal([vm], state.FindByName<VmRecord>("new"));
        Assert.Equal(vm, state.FindByUuid<VmRecord>(state.Get(vm).Uuid));

        await pool.Database.WriteAsync(tx => tx.Delete(vm), Stop);
        Assert.True(pool.Database.State.FindByUuid<VmRecord>(state.Get(vm).Uuid).IsNull);
        Assert.Empty(pool.Database.State.FindByName<VmRecord>("new"));
    }

    [Fact]
    public async Task What_is_not_persistent_is_seen_but_not_journalled()
    {
        await using var pool = await TestPool.OpenAsync();
        var task = await pool.Database.WriteAsync(tx => tx.Create(new TaskRecord { NameLabel = "work" }), Stop);
        var vm = await pool.Database.WriteAsync(
            tx => tx.Create(new VmRecord
            { CurrentOperations = ImmutableSortedDictionary<string, VmOperations>.Empty.Add(task.Opaque, VmOperations.Start) }),
            Stop);

        var left = TestPool.Read(pool.LocalPath);
        Assert.NotNull(pool.Database.State.Find(task));
        Assert.Null(left.Find(task));
        Assert.Empty(left.Get(vm).CurrentOperations);
    }

    [Fact]
    public async Task Concurrent_writers_all_get_through_and_whole()
    {
        await using var pool = await TestPool.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(
            async () =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await pool.Database.WriteAsync(
                        tx =>
                        {
                            var vm = tx.Create(new VmRecord { NameLabel = $"{i}.{n}" });
                            tx.Create(new VbdRecord { Vm = vm, Userdevice = "0" });
                        },
                        Stop);
                }
            },
            Stop)));

        var left = TestPool.Read(pool.LocalPath);
        Assert.Equal(64 * 20, left.All<VmRecord>().Count());
        Assert.All(left.All<VmRecord>(), v => Assert.Single(v.Record.Vbds));
        Assert.Null(TestPool.Differences(pool.Database.State, left));
    }

    [Fact]
    public async Task Text_that_no_dump_can_carry_is_refused_and_changes_nothing()
    {
        await using var pool = await TestPool.OpenAsync();
        var refused = await Assert.ThrowsAsync<XenApiException>(() =>
            pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "a\u0001b" }), Stop));

        Assert.Equal("INVALID_VALUE", refused.Code);
        Assert.Empty(pool.Database.State.All<VmRecord>());
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "fine" }), Stop);
    }

    [Fact]
    public async Task Nor_does_it_get_in_by_a_field_that_no_journal_has()
    {
        await using var pool = await TestPool.OpenAsync();
        var metrics = await pool.Database.WriteAsync(tx => tx.Create(new VmMetricsRecord()), Stop);
        foreach (var bad in new[] { "a\u0001b", "\ud800" })
        {
            var refused = await Assert.ThrowsAsync<XenApiException>(() => pool.Database.WriteAsync(
                tx => tx.Update(metrics, m => m with { OtherConfig = m.OtherConfig.Add("key", bad) }), Stop));
            Assert.Equal(("INVALID_VALUE", "other_config"), (refused.Code, refused.Parameters[0]));
        }

        await pool.Database.WriteAsync(tx => tx.Update(metrics, m => m with { OtherConfig = m.OtherConfig.Add("key", "fine") }), Stop);
        Assert.Equal("fine", pool.Database.State.Get(metrics).OtherConfig["key"]);
    }

    [Fact]
    public async Task A_uuid_can_be_used_once()
    {
        await using var pool = await TestPool.OpenAsync();
        var uuid = Guid.NewGuid().ToString();
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { Uuid = uuid }), Stop);
        var refused = await Assert.ThrowsAsync<XenApiException>(
            () => pool.Database.WriteAsync(tx => tx.Create(new VmRecord { Uuid = uuid }), Stop));
        Assert.Equal("UUID_ALREADY_EXISTS", refused.Code);
    }

    [Fact]
    public async Task Subscribers_see_each_commit_once_and_in_order()
    {
        await using var pool = await TestPool.OpenAsync();
        var seen = new List<long>();
        using (pool.Database.Subscribe((state, changes) => seen.Add(state.Generation)))
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop)));
        }

        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop);
        Assert.Equal(100, seen.Count);
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(seen.Distinct(), seen);
    }

    [Fact]
    public async Task What_built_on_a_change_that_failed_fails_with_it_though_a_request_stands_between_them()
    {
        await using var pool = await TestPool.OpenAsync();
        using var inside = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        Task first, second, third, whole;
        var away = pool.LocalPath + ".away";
        using (pool.Database.Subscribe((_, changes) =>
        {
            if (((VmRecord)changes[0].After!.Record).NameLabel == "first")
            {
                inside.Release();
                go.Wait(Stop);
            }
        }))
        {
            first = Task.Run(() => pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "first" }), Stop), Stop);
            await inside.WaitAsync(Stop);
            File.Move(pool.LocalPath, away);
            second = pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "second" }), Stop);
            whole = pool.Database.FlushWholeAsync(Stop);
            third = pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "third" }), Stop);
            go.Set();
            await first;
            await Assert.ThrowsAsync<XenApiException>(() => second);
            await Assert.ThrowsAsync<XenApiException>(() => third);
            await Assert.ThrowsAsync<AggregateException>(() => whole);
            Assert.Equal(["first"], pool.Database.State.All<VmRecord>().Select(v => v.Record.NameLabel));
            File.Move(away, pool.LocalPath);
        }

        await Patience.UntilAsync(() => pool.Database.Own.Health == JournalHealth.Healthy, "the journal is written again");
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "fourth" }), Stop);
        var left = TestPool.Read(pool.LocalPath);
        Assert.DoesNotContain("third", left.All<VmRecord>().Select(v => v.Record.NameLabel));
        Assert.Null(TestPool.Differences(pool.Database.State, left));
    }

    [Fact]
    public async Task What_becomes_durable_is_measured()
    {
        using var meter = new Meter("Redoubt");
        var (changes, seconds) = (0L, new List<double>());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, meter))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref changes, value));
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => seconds.Add(value));
        await using var pool = await TestPool.OpenAsync(meter: meter);
        listener.Start();
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "one" }), Stop);
        await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "two" }), Stop);
        Assert.Equal(2, changes);
        Assert.InRange(seconds.Count, 1, 2);
        Assert.All(seconds, s => Assert.True(s > 0, $"{s} s"));
    }

    [Fact]
    public async Task What_a_subscriber_throws_fails_no_change_and_keeps_nobody_else_from_hearing_of_it()
    {
        var log = new CollectedLog<PoolDatabase>();
        await using var pool = await TestPool.OpenAsync(log);
        var heard = 0;
        using var bad = pool.Database.Subscribe((_, _) => throw new InvalidOperationException("a bug"));
        using var good = pool.Database.Subscribe((_, _) => heard++);
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "durable" }), Stop);
        await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = "changed" }), Stop);
        Assert.Equal(2, heard);
        Assert.Equal(["a bug", "a bug"], log.Lines.Select(l => l.Failure?.Message));
        Assert.Equal("changed", TestPool.Read(pool.LocalPath).Get(vm).NameLabel);
    }

    [Fact]
    public async Task What_must_be_put_right_is_tried_again_while_the_journal_fails_but_not_when_it_can_never_be()
    {
        await using var pool = await TestPool.OpenAsync();
        var tries = 0;
        var failure = await Assert.ThrowsAsync<XenApiException>(() => pool.Database.WriteSurelyAsync(
            tx =>
            {
                tries++;
                tx.Get(new Ref<VmRecord>("OpaqueRef:nobody"));
            },
            Stop));
        Assert.Equal(("HANDLE_INVALID", 1), (failure.Code, tries));
        failure = await Assert.ThrowsAsync<XenApiException>(
            () => pool.Database.WriteSurelyAsync(_ => throw new XenApiException("INTERNAL_ERROR", "of the transaction itself"), Stop));
        Assert.Equal("INTERNAL_ERROR", failure.Code);

        File.Move(pool.LocalPath, pool.LocalPath + ".away");
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var given = pool.Database.WriteSurelyAsync(tx => tx.Create(new VmRecord { NameLabel = "given up" }), enough.Token);
        var surely = pool.Database.WriteSurelyAsync(tx => tx.Create(new VmRecord { NameLabel = "in the end" }), Stop);
        await Patience.UntilAsync(() => pool.Database.Own.Health == JournalHealth.Broken, "the journal is broken");
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        File.Move(pool.LocalPath + ".away", pool.LocalPath);
        await surely;
        Assert.Equal(["in the end"], TestPool.Read(pool.LocalPath).All<VmRecord>().Select(v => v.Record.NameLabel));
    }
}
