using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A test failover, clean-up and all, of a VM with a sparse disk of 1 TiB and of one with 1 GiB, in turns: the copies are overlays, so that
/// the disk's size should make no difference. On libvirt's test driver.
/// </summary>
internal static class TestFailoverBench
{
    private const int Rounds = 9;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var storage = directory.CreateSubdirectory("storage").FullName;
            await using var site = await BenchSite.StartAsync(Path.Combine(directory.FullName, "site"), "test:///default");
            var small = await AddAsync(site, storage, 1L << 30);
            var large = await AddAsync(site, storage, 1L << 40);
            var (smallRuns, largeRuns) = (new List<Times>(), new List<Times>());
            for (var round = 0; round <= Rounds; round++)
            {
                var (a, b) = (await MeasureAsync(site, small), await MeasureAsync(site, large));
                if (round > 0)
                {
                    // The first of each compiles the code.
                    smallRuns.Add(a);
                    largeRuns.Add(b);
                }
            }

            Print("clone of the SR and copy of the VM", smallRuns.ConvertAll(r => r.Copy), largeRuns.ConvertAll(r => r.Copy));
            Print("from the decision to a healthy copy", smallRuns.ConvertAll(r => r.Healthy), largeRuns.ConvertAll(r => r.Healthy));
            Print("with the clean-up", smallRuns.ConvertAll(r => r.All), largeRuns.ConvertAll(r => r.All));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void Print(string what, List<double> small, List<double> large)
    {
        var (a, b) = (JournalBench.Median(small), JournalBench.Median(large));
        System.Console.WriteLine($"test-failover, {what}: 1 GiB {a:0} ms, 1 TiB {b:0} ms; ratio {b / a:0.00}");
    }

    // The UUIDs of the VM, on an SR of its own, and of the volume that tells of it.
    private static async Task<(string Vm, string Volume)> AddAsync(BenchSite site, string storage, long diskBytes)
    {
        var (sr, volume) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var lost = LostPool.Make(sr, 1, diskBytes: diskBytes);
        await LostPool.WriteAsync(Path.Combine(storage, sr), volume, lost);
        await site.AttachAsync(storage, sr);
        return (lost.All<VmRecord>().Single().Record.Uuid, volume);
    }

    private static async Task<Times> MeasureAsync(BenchSite site, (string Vm, string Volume) from)
    {
        var policy = new RecoveryPolicy { Kind = RecoveryKind.Test, Chosen = new() { Vms = [from.Vm] }, AcceptedVolumes = [from.Volume] };
        var run = await site.RunAsync(new() { Policy = policy });
        var copy = run.Steps.Where(s => s.Step is CloneForTest or RecoverVm)
            .Sum(s => (s.EndedAt!.Value - s.StartedAt!.Value).TotalMilliseconds);
        return new(
            copy, (run.Vms[0].ReachedAt(run.Request.Policy)!.Value - run.StartedAt).TotalMilliseconds,
            (run.EndedAt!.Value - run.StartedAt).TotalMilliseconds);
    }

    private sealed record Times(double Copy, double Healthy, double All);
}
