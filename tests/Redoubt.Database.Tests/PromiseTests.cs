using System.Collections.Concurrent;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

/// <summary>
/// What a copy that counts promises, at every moment: each change that somebody was told of can be read from it. The copy is read between
/// every two things that its writer does to it, as if the power had gone there.
/// </summary>
public sealed class PromiseTests
{
    private const int Writers = 4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_that_is_called_healthy_has_every_acknowledged_change_while_it_is_written_whole_by_order() =>
        await ObserveAsync(async (pool, _) =>
        {
            for (var i = 0; i < 6; i++)
            {
                await pool.Database.FlushWholeAsync(Stop);
            }
        });

    [Fact]
    public async Task And_while_it_is_brought_up_again_after_it_had_vanished() =>
        await ObserveAsync(async (pool, path) =>
        {
            for (var i = 0; i < 2; i++)
            {
                File.Move(path, path + ".away");
                await Patience.UntilAsync(() => pool.Database.Journals.Single().Health == JournalHealth.Broken, "it is broken");
                File.Move(path + ".away", path);
                await Patience.UntilAsync(() => pool.Database.Journals.Single().Health == JournalHealth.Healthy, "it is healthy again");
            }
        });

    [Fact]
    public async Task And_while_it_moves_to_its_other_half_because_one_is_full() =>
        await ObserveAsync(async (pool, _) =>
        {
            var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord()), Stop);
            var large = new string('x', 16 << 20);
            for (var i = 0; i < 6; i++)
            {
                await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameDescription = large + i }), Stop);
            }
        });

    private static async Task ObserveAsync(Func<TestPool, string, Task> act)
    {
        await using var pool = await TestPool.OpenAsync();
        var vms = await pool.Database.WriteAsync(tx => Enumerable.Range(0, Writers).Select(_ => tx.Create(new VmRecord())).ToList(), Stop);
        var acknowledged = new long[Writers];
        var (missing, looks) = (new ConcurrentQueue<string>(), 0);
        var path = pool.Make("sr.journal");
        var journal = new LiveJournal("sr", path, null, TimeProvider.System);
        var bulk = 0;
        journal.Observer = operation =>
        {
            // Of the many blocks of a large database one in a hundred will do.
            if (operation.Bytes is { Length: > 4096 } && bulk++ % 100 != 0)
            {
                return;
            }

            var before = journal.Health;
            var promised = acknowledged.Select((_, w) => Volatile.Read(ref acknowledged[w])).ToList();
            if (before == JournalHealth.Healthy && journal.Health == JournalHealth.Healthy && File.Exists(path))
            {
                Interlocked.Increment(ref looks);
                var content = JournalReader.Read(path) switch
                {
                    JournalVerdict.Intact intact => intact.Content,
                    JournalVerdict.CutAt cut => cut.Content,
                    _ => null,
                };
                var state = content is null ? DatabaseState.Empty : StateDump.FromDump(content.Database);
                foreach (var (vm, n) in vms.Zip(promised).Where(p => (state.Find(p.First)?.Order ?? -1) < p.Second))
                {
                    missing.Enqueue(
                        $"before {(operation.IsFlush ? "a flush" : $"{operation.Bytes!.Length} bytes at {operation.Offset}")}: "
                            + $"{state.Find(vm)?.Order} of {n}");
                }
            }
        };
        await pool.Database.AttachAsync(journal, false, Stop);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
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
        await Patience.UntilAsync(() => Enumerable.Range(0, Writers).All(w => Volatile.Read(ref acknowledged[w]) > 5), "each writes");
        await act(pool, path);
        await Patience.UntilAsync(() => Volatile.Read(ref looks) >= 30, "there were looks enough");
        await enough.CancelAsync();
        await Task.WhenAll(writers);
        Assert.Empty(missing);
    }
}
