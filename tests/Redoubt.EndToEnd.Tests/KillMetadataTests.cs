using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A real daemon is killed at a step of what it does with metadata: all of it is done then, or nothing. See <see cref="KillTests"/>.
/// </summary>
public sealed class KillMetadataTests
{
    private const string Copies = "vm-import metadata=true filename=$ARCHIVE";
    private const string Edited = "edited since";
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Commands => Kills.Draw(
        Copies,
        "vm-import metadata=true filename=$ARCHIVE preserve=true force=true",
        "vm-export metadata=true filename=$OUT vm=db",
        "pool-restore-database file-name=$DUMP force=true");

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task A_daemon_that_is_killed_while_metadata_come_or_go_has_done_all_of_it_or_nothing(string command)
    {
        await using var bench = new Bench();
        var hypervisor = await Pretended.HypervisorAsync(bench);
        var site = await bench.StartAsync("site", hypervisor);
        var vms = await Pretended.BuildAsync(site, _shell);
        foreach (var uuid in vms)
        {
            await site.Api.CallAsync("VM.hard_shutdown", [await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, uuid)], Stop);
        }

        (_shell["ARCHIVE"], _shell["DUMP"]) = (Path.Combine(bench.Directory, "vms.xva"), Path.Combine(bench.Directory, "dump"));
        await _shell.RunAsync(site, "vm-export metadata=true filename=$ARCHIVE --multiple");
        await _shell.RunAsync(site, "pool-dump-database file-name=$DUMP");
        var steps = 0;
        foreach (var (round, at) in Kills.Draw(command, () => steps, samples: 1).Index())
        {
            foreach (var uuid in vms)
            {
                await site.Api.CallAsync(
                    "VM.set_name_description", [await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, uuid), Edited], Stop);
            }

            _shell["OUT"] = Path.Combine(bench.Directory, $"out-{round}");
            var before = await VmsAsync(site);
            var isDone = false;
            using (var kill = new KillAt(site.Daemon, site.DataDirectory, site.Storage, at))
            {
                var (exitCode, _, error) = await _shell.TryAsync(site, command);
                isDone = exitCode == 0;
                steps = at == int.MaxValue ? kill.Seen : steps;
                if (!isDone)
                {
                    Assert.True(at != int.MaxValue, error);
                    await site.Daemon.WaitForExitAsync(Stop);
                }
            }

            if (site.Daemon.HasExited)
            {
                site = await bench.StartAsync("site", hypervisor);
            }

            await RequireAllOrNothingAsync(
                site, command, $"{command}, killed at change {at} of {steps} (seed {Sampling.Seed})", isDone, vms, before);
        }
    }

    private static async Task<Dictionary<string, VmRecord>> VmsAsync(DemoSite site) =>
        (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Values.Where(v => !v.IsControlDomain).ToDictionary(v => v.Uuid);

    private async Task RequireAllOrNothingAsync(
        DemoSite site, string command, string where, bool isDone, List<string> vms, Dictionary<string, VmRecord> before)
    {
        var after = await VmsAsync(site);
        Assert.True(after.Values.All(v => v.CurrentOperations.IsEmpty), $"{where}: something is still noted as under way");
        Assert.True(vms.TrueForAll(after.ContainsKey), $"{where}: a VM is gone");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.DataDirectory, "scratch")));
        Assert.True((await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Values.All(d => !d.Missing), $"{where}: disks are missing");
        var changed = command.Split(' ') switch
        {
            ["vm-import", .., "force=true"] =>
                vms.Count(v => after[v].Version == before[v].Version + 1 && after[v].Vbds.Count == 1 && after[v].Vifs.Count == 1),
            ["vm-import", ..] => after.Values.Count(v => !before.ContainsKey(v.Uuid) && v is { Vbds.Count: 1, Vifs.Count: 1 }),
            ["pool-restore-database", ..] => vms.Count(v => after[v].NameDescription.Length == 0),
            _ => await ExportedAsync(site) ? vms.Count : 0,
        };
        Assert.True(changed == vms.Count || (changed == 0 && !isDone), $"{where}: done with {changed} of {vms.Count}");
        Assert.True(
            after.Count == before.Count + (command == Copies ? changed : 0) || command.StartsWith("pool-restore", StringComparison.Ordinal),
            $"{where}: {after.Count} VMs after {before.Count}");
    }

    /// <summary>Whether the archive is there; if it is, it is whole.</summary>
    private async Task<bool> ExportedAsync(DemoSite site)
    {
        if (!File.Exists(_shell["OUT"]))
        {
            return false;
        }

        await _shell.RunAsync(site, "vm-import metadata=true filename=$OUT dry-run=true");
        return true;
    }
}
