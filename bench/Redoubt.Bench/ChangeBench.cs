using System.Diagnostics;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// One durable change in pools of 100, 1,000 and 10,000 VMs: it must not cost more in the larger. The pools take turns. Allocated bytes are
/// told too, since they don't depend on what else the machine does. A change of a row, and one that adds a disk to an SR that has them all.
/// </summary>
internal static class ChangeBench
{
    private const int Rounds = 40;
    private const int PerRound = 50;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        var pools = new List<(int Vms, PoolDatabase Database, Ref<VmRecord> Vm, Ref<SrRecord> Sr)>();
        try
        {
            foreach (var vms in new[] { 100, 1_000, 10_000 })
            {
                var path = Path.Combine(directory.FullName, $"{vms}.journal");
                using (var device = JournalDevice.Create(path, JournalLayout.LocalVolumeBytes))
                {
                    JournalWriter.Initialise(device);
                }

                var transaction = new Transaction(DatabaseState.Empty, Guid.NewGuid);
                var made = BigPool.Fill(transaction, vms);
                var database = await PoolDatabase.OpenAsync(
                    transaction.State, new LiveJournal("local", path, null, TimeProvider.System), TimeProvider.System, Guid.NewGuid);
                pools.Add((vms, database, made[vms / 2], database.State.All<SrRecord>().Single().Ref));
            }

            await CompareAsync(pools, "change of a field", (p, tx, i) => tx.Update(p.Vm, v => v with { NameDescription = $"{i}" }));
            await CompareAsync(
                pools, "disk added to the SR",
                (p, tx, i) => tx.Create(new VdiRecord { Sr = p.Sr, Location = $"{i}", VirtualSize = 1 << 20 }));
        }
        finally
        {
            foreach (var pool in pools)
            {
                await pool.Database.DisposeAsync();
            }

            directory.Delete(recursive: true);
        }
    }

    private static async Task CompareAsync(
        List<(int Vms, PoolDatabase Database, Ref<VmRecord> Vm, Ref<SrRecord> Sr)> pools, string what,
        Action<(int Vms, PoolDatabase Database, Ref<VmRecord> Vm, Ref<SrRecord> Sr), Transaction, int> change)
    {
        var times = pools.ConvertAll(_ => new List<double>());
        var bytes = new long[pools.Count];
        for (var round = -Rounds / 2; round < Rounds; round++)
        {
            for (var p = 0; p < pools.Count; p++)
            {
                var pool = pools[p];
                var (watch, allocated) = (Stopwatch.StartNew(), GC.GetTotalAllocatedBytes());
                for (var i = 0; i < PerRound; i++)
                {
                    await pool.Database.WriteAsync(tx => change(pool, tx, (round * PerRound) + i));
                }

                if (round >= 0)
                {
                    times[p].Add(watch.Elapsed.TotalMilliseconds * 1000 / PerRound);
                    bytes[p] += GC.GetTotalAllocatedBytes() - allocated;
                }
            }
        }

        var first = JournalBench.Median(times[0]);
        for (var p = 0; p < pools.Count; p++)
        {
            var median = JournalBench.Median(times[p]);
            System.Console.WriteLine(
                $"change, {what}, {pools[p].Vms,6} VMs: {median:0} us, {bytes[p] / (Rounds * PerRound) / 1024.0:0.0} KiB allocated; ratio "
                    + $"to {pools[0].Vms} VMs {median / first:0.00}");
        }
    }
}
