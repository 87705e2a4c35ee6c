using System.Diagnostics;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A plan of 1,200 VMs with everything read anew, as the wizard's first step and every start have to, and from what was read before, as its
/// other steps are. The ratio tells what reading at each step would cost.
/// </summary>
internal static class WizardBench
{
    private const int Vms = 1_200;
    private const int Rounds = 7;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("rdw-").FullName;
        try
        {
            var (sr, metadata) = ($"{Guid.NewGuid():D}", $"{Guid.NewGuid():D}");
            var storage = Path.Combine(directory, "replica");
            await LostPool.WriteAsync(Path.Combine(storage, sr), metadata, LostPool.Make(sr, Vms, appliances: 60, orders: 3));
            await using var site = await BenchSite.StartAsync(Path.Combine(directory, "site"), "test:///default");
            await site.CallAsync("network.create", new NetworkRecord { NameLabel = LostPool.Network });
            await site.AttachAsync(storage, sr);
            var request = new RecoveryRequest
            {
                Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true, AcceptedVolumes = [metadata] },
            };
            var reader = new InventoryReader(site.Api, TimeProvider.System, TimeSpan.FromMinutes(3));
            var facts = await reader.ReadAsync(request.ToInventoryRequest([]), CancellationToken.None);
            var (read, planned) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                var watch = Stopwatch.StartNew();
                await site.PlanAsync(request);
                read.Add(watch.Elapsed.TotalMilliseconds);
                watch.Restart();
                Planner.Plan(request.Policy, facts);
                planned.Add(watch.Elapsed.TotalMilliseconds);
            }

            var (a, b) = (JournalBench.Median(read), JournalBench.Median(planned));
            System.Console.WriteLine($"wizard, {Vms} VMs: a step that reads {a:0} ms, one that does not {b:0} ms; ratio {a / b:0.0}");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
