using System.Collections.Immutable;
using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>The command against a real server, with the protected storage of a second pool copied beside it.</summary>
public sealed class DrPlanTests : IAsyncLifetime
{
    private RealSite _primary = null!;
    private RealSite _site = null!;
    private Ref<SrRecord> _sr;
    private string _srUuid = "";
    private string _lostDisk = "";

    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task The_plan_finds_vApp_and_VMs_picks_the_newest_and_names_what_is_missing_without_changing_a_byte()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        Delete(_lostDisk);
        await AttachAsync();
        var (database, storage) = (await _site.DatabaseAsync(), await HashAsync(_site.Storage));

        var kept = _site.NewFile("inventory.json");
        var (code, text, error) = await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true", $"inventory-to={kept}");

        Assert.Equal("", error);
        Assert.Equal(4, code);
        Assert.Contains("BLOCKED: 2 findings", text, StringComparison.Ordinal);
        Assert.Contains("network front  [network-unmapped]", text, StringComparison.Ordinal);
        Assert.Contains("[disk-missing]", text, StringComparison.Ordinal);
        Assert.Contains("Recover vApp shop with ", text, StringComparison.Ordinal);
        Assert.Contains("Recover VM loose", text, StringComparison.Ordinal);
        Assert.Equal(database, await _site.DatabaseAsync());
        Assert.Equal(storage, await HashAsync(_site.Storage));

        var plan = RecoveryPlan.FromJson((await _site.RunAsync("dr-plan", $"inventory-from={kept}", "source-dead=true", "--json")).Output);
        Assert.Equal(["db", "loose", "web"], plan.Choices.Select(c => c.Vm.Name).Order(StringComparer.Ordinal));
        Assert.Equal([0L, 1L], plan.Tiers.Select(t => t.Order));
        Assert.Equal(_lostDisk, Assert.Single(plan.Findings, f => f.Code == "disk-missing").Object.Uuid);

        // Without a server there are no earlier runs to forecast from.
        Assert.Equal(
            text,
            (await _site.RunAsync("dr-plan", $"inventory-from={kept}", "source-dead=true")).Output
                + "Forecast: none, since no earlier run at this place did such steps.\n");
    }

    [Fact]
    public async Task What_was_told_to_do_unblocks_the_plan_and_the_difference_says_so()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        var first = await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true", "--json");
        Assert.Equal(4, first.Code);
        var earlier = _site.NewFile("earlier.json");
        await File.WriteAllTextAsync(earlier, first.Output, Cancel);

        await _site.CallAsync("network.create", new NetworkRecord { NameLabel = "lan" });
        var diff = await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true", "network-map:front=lan", $"diff={earlier}");
        Assert.Equal(0, diff.Code);
        Assert.Contains("network-unmapped", diff.Output, StringComparison.Ordinal);
        Assert.Contains("map-networks", diff.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_that_was_recovered_more_often_wins_over_the_older_one_on_the_first_volume()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        await _site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        Assert.Equal(0, (await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true", "vms=loose")).Code);
        var volume = (await _site.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Single(v => v.Value.Type == VdiType.Metadata).Value.Uuid;
        Assert.Equal(0, (await _site.RunAsync("vm-recover", $"uuid={await LooseAsync()}", $"database:vdi-uuid={volume}")).Code);

        var (code, text, _) = await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true", "vms=loose");
        Assert.Equal(4, code);
        Assert.Contains("[newest-here]", text, StringComparison.Ordinal);
        Assert.Contains("recovered more often: version 1 before 0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storage_that_was_only_probed_blocks_and_says_what_to_attach()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        var (database, storage) = (await _site.DatabaseAsync(), await HashAsync(_site.Storage));
        var (code, text, _) = await _site.RunAsync("dr-plan", "type=file", $"device-config:location={_site.Storage}");
        Assert.Equal(4, code);
        Assert.Contains("[no-metadata]", text, StringComparison.Ordinal);
        Assert.Contains(
            $"redoubt drtask-create type=file device-config:location={_site.Storage} sr-whitelist={_srUuid}", text,
            StringComparison.Ordinal);
        Assert.Equal(database, await _site.DatabaseAsync());
        Assert.Equal(storage, await HashAsync(_site.Storage));
    }

    [Fact]
    public async Task Storage_that_is_not_there_is_a_finding_and_no_failure()
    {
        var (code, text, error) = await _site.RunAsync("dr-plan", "type=file", "device-config:location=/no/such/directory");
        Assert.Equal((4, ""), (code, error));
        Assert.Matches("\\[storage-(unreadable|empty)\\]", text);
    }

    [Fact]
    public async Task A_replica_that_was_refreshed_under_its_DR_task_is_planned_from_as_it_is_now()
    {
        await _site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        Delete(_lostDisk);
        await AttachAsync();
        Assert.Contains(
            "[disk-missing]", (await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true")).Output, StringComparison.Ordinal);
        await _primary.RunAsync("vm-create", "name-label=late", "memory=64MiB");
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        var now = (await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true")).Output;
        Assert.DoesNotContain("[disk-missing]", now, StringComparison.Ordinal);
        Assert.Contains("Recover VM late", now, StringComparison.Ordinal);
        Assert.False(now.Contains("BLOCKED", StringComparison.Ordinal), now);
    }

    [Fact]
    public async Task The_older_of_two_copies_is_not_used_in_silence()
    {
        await _site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        await _primary.RunAsync("vm-create", "name-label=late", "memory=64MiB");
        var newer = Directory.CreateDirectory(_site.NewFile("newer")).FullName;
        await Replica.MirrorAsync(_primary.Storage, newer);

        // In the place of the other, one of them, it can't be attached, and that is said with both places.
        var (code, _, refused) = await _site.RunAsync(
            "drtask-create", "type=file", $"device-config:location={newer}", $"sr-whitelist={_srUuid}");
        Assert.Equal(1, code);
        Assert.Contains(_site.Storage, refused, StringComparison.Ordinal);
        Assert.Contains(newer, refused, StringComparison.Ordinal);
        var task = (await _site.Api.GetAllRecordsAsync<DrTaskRecord>(Cancel)).Values.Single();
        Assert.Contains($"drtask-destroy uuid={task.Uuid}", refused, StringComparison.Ordinal);
        Assert.Equal(1, (await _site.RunAsync("drtask-create", "type=file", $"device-config:location={_site.Storage}/", $"sr-whitelist={_srUuid}")).Code);

        var both = await _site.RunAsync("dr-plan", "type=file", $"device-config:location={newer}", "source-dead=true");
        Assert.Equal(4, both.Code);
        Assert.Contains("[newer-copy-elsewhere]", both.Output, StringComparison.Ordinal);
        Assert.Contains($"drtask-create type=file device-config:location={newer}", both.Output, StringComparison.Ordinal);

        Assert.Equal(0, (await _site.RunAsync("drtask-destroy", $"uuid={task.Uuid}")).Code);
        Assert.Equal(
            0, (await _site.RunAsync("drtask-create", "type=file", $"device-config:location={newer}", $"sr-whitelist={_srUuid}")).Code);
        var (_, text, _) = await _site.RunAsync("dr-plan", "type=file", $"device-config:location={_site.Storage}", "source-dead=true");
        Assert.Contains("[older-copy-elsewhere]", text, StringComparison.Ordinal);
        Assert.Contains("Recover VM late", text, StringComparison.Ordinal);
        Assert.False(text.Contains("BLOCKED", StringComparison.Ordinal), text);
    }

    [Fact]
    public async Task A_metadata_volume_that_was_garbled_is_a_finding_and_no_failure()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        var volume = (await _site.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Single(v => v.Value.Type == VdiType.Metadata).Value.Uuid;
        using (var file = File.OpenWrite(Directory.EnumerateFiles(_site.Storage, volume + ".raw", SearchOption.AllDirectories).Single()))
        {
            // Without the area in which an earlier state would still be found.
            file.SetLength(126 << 20);
            file.Write(new byte[4096]);
        }

        var (code, text, _) = await _site.RunAsync("dr-plan", $"sr-uuid={_srUuid}", "source-dead=true");
        Assert.Equal(4, code);
        Assert.Contains("[volume-unreadable]", text, StringComparison.Ordinal);
        Assert.Contains("COULD_NOT_IMPORT_DATABASE", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_answers_is_read_and_one_that_does_not_is_noted()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        var reader = new InventoryReader(_site.Api, TimeProvider.System, TimeSpan.FromSeconds(30));
        var inventory = await reader.ReadAsync(
            new()
            {
                OtherPools =
                [
                    new("primary", async token =>
                    {
                        var api = new XenApiClient(_primary.Api.Server);
                        await api.LoginAsync("root", "correct horse battery", token);
                        return api;
                    }),
                    new("gone", async token =>
                    {
                        var api = new XenApiClient(new Uri("http://127.0.0.1:1"));
                        await api.LoginAsync("root", "x", token);
                        return api;
                    }),
                    new("buried", null),
                ],
            },
            Cancel);
        Assert.Equal(
            [OtherPoolState.Live, OtherPoolState.Unreachable, OtherPoolState.StatedDead], inventory.OtherPools.Select(o => o.State));
        Assert.Equal(3, inventory.OtherPools[0].Database!.Vms.Count(v => v.PowerState == VmPowerState.Halted));
        var plan = Planner.Plan(new() { Kind = RecoveryKind.Migration, Networks = Scene.Map(("front", "xenbr0")) }, inventory);
        Assert.IsType<FenceSource>(plan.Steps[0]);
        Assert.DoesNotContain(plan.Findings, f => f.Code == "source-unreachable");
    }

    [Fact]
    public async Task A_migration_asks_the_source_and_says_if_it_does_not_answer()
    {
        await Replica.MirrorAsync(_primary.Storage, _site.Storage);
        await AttachAsync();
        var file = _site.NewFile("source.pw");
        await File.WriteAllTextAsync(file, "root\ncorrect horse battery\n", Cancel);
        string[] words = ["dr-plan", $"sr-uuid={_srUuid}", "kind=migration", "network-map:front=Host internal", $"source-pwf={file}"];
        var answered = await _site.RunAsync([.. words, $"source={_primary.Api.Server}"]);
        Assert.Contains("Shut down in pool primary, in this order: ", answered.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("source-unreachable", answered.Output, StringComparison.Ordinal);
        var silent = await _site.RunAsync([.. words, "source=http://127.0.0.1:1"]);
        Assert.Equal(4, silent.Code);
        Assert.Contains("[source-unreachable]", silent.Output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1 did not", silent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_that_a_genuine_xapi_wrote_is_planned_from_once_the_operator_accepts_it()
    {
        var genuine = SharedFiles.Genuine("metadata-vdi.raw.gz");
        var (sr, vdi) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        Directory.CreateDirectory(Path.Combine(_site.Storage, sr));
        await using (var raw = File.Create(Path.Combine(_site.Storage, sr, vdi + ".raw")))
        await using (var packed = new GZipStream(File.OpenRead(genuine), CompressionMode.Decompress))
        {
            await packed.CopyToAsync(raw, Cancel);
            raw.SetLength(256 << 20);
        }

        await _site.CallAsync<Ref<DrTaskRecord>>("DR_task.create", "file", _site.DeviceConfig, ImmutableList.Create(sr));
        var unproven = RecoveryPlan.FromJson((await _site.RunAsync("dr-plan", $"sr-uuid={sr}", "--json")).Output);
        Assert.Empty(unproven.Choices);
        Assert.Contains(
            $"accept-volume={vdi}", Assert.Single(unproven.Findings, f => f.Code == "volume-unproven").Advice, StringComparison.Ordinal);
        Assert.DoesNotContain(unproven.Findings, f => f.Code == "no-metadata");
        var (code, text, error) = await _site.RunAsync("dr-plan", $"sr-uuid={sr}", $"accept-volume={vdi}", "--json");
        Assert.Equal((4, ""), (code, error));
        var plan = RecoveryPlan.FromJson(text);
        Assert.NotEmpty(plan.Choices);
        Assert.All(plan.Choices, c => Assert.Equal(vdi, c.Chosen!.VolumeUuid));
        Assert.Contains(plan.Findings, f => f.Code == "source-not-dead");
        Assert.DoesNotContain(plan.Findings, f => f.Code is "no-metadata" or "volume-unreadable");
    }

    [Fact]
    public async Task A_command_line_that_means_nothing_asks_no_server()
    {
        foreach (var words in new[] { "kind=holiday", "power-state=fast", "device-config:location=/x", "inventory-from=/no/such/file", "source=http://127.0.0.1:1", "diff=/no/such/file" })
        {
            Assert.Equal(1, (await _site.RunAsync("dr-plan", words)).Code);
        }
    }

    public async ValueTask InitializeAsync()
    {
        (_primary, _site) = (await RealSite.StartAsync("primary"), await RealSite.StartAsync("recovery"));
        var host = (await _primary.Api.GetAllRecordsAsync<HostRecord>(Cancel)).Keys.Single();
        _sr = await _primary.CallAsync<Ref<SrRecord>>(
            "SR.create", host, _primary.DeviceConfig, 0L, "replicated", "", "file", "user", true,
            ImmutableSortedDictionary<string, string>.Empty);
        _srUuid = await _primary.CallAsync<string>("SR.get_uuid", _sr);
        var network = await _primary.CallAsync<Ref<NetworkRecord>>("network.create", new NetworkRecord { NameLabel = "front" });
        var appliance = await _primary.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", new VmApplianceRecord { NameLabel = "shop" });
        var (db, _) = await AddVmAsync("db", network, 0);
        var (web, lost) = await AddVmAsync("web", network, 1);
        await AddVmAsync("loose", network, 1);
        _lostDisk = lost;
        await _primary.CallAsync("VM.set_appliance", db, appliance);
        await _primary.CallAsync("VM.set_appliance", web, appliance);
        await _primary.CallAsync("SR.enable_database_replication", _sr);
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        await _primary.DisposeAsync();
    }

    private async Task<(Ref<VmRecord> Vm, string Disk)> AddVmAsync(string name, Ref<NetworkRecord> network, int order)
    {
        Assert.Equal(0, (await _primary.RunAsync("vm-create", $"name-label={name}", "memory=64MiB", $"order={order}")).Code);
        var vm = (await _primary.CallAsync<ImmutableList<Ref<VmRecord>>>("VM.get_by_name_label", name)).Single();
        var vdi = await _primary.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { NameLabel = name + " disk", Sr = _sr, VirtualSize = 1 << 20 });
        await _primary.CallAsync(
            "VBD.create", new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Mode = VbdMode.Rw });
        await _primary.CallAsync("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0" });
        return (vm, await _primary.CallAsync<string>("VDI.get_uuid", vdi));
    }

    private async Task<string> LooseAsync() =>
        (await _primary.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Values.Single(v => v.NameLabel == "loose").Uuid;

    private Task<Ref<DrTaskRecord>> AttachAsync() =>
        _site.CallAsync<Ref<DrTaskRecord>>("DR_task.create", "file", _site.DeviceConfig, ImmutableList.Create(_srUuid));

    private void Delete(string disk) =>
        Directory.EnumerateFiles(_site.Storage, disk + ".*", SearchOption.AllDirectories).ToList().ForEach(File.Delete);

    // Every byte, with names and times. The volumes are gigabytes of holes, which tar does not read; its times are whole seconds.
    private static async Task<string> HashAsync(string directory)
    {
        using var tar = Process.Start(
            new ProcessStartInfo(
                "tar",
                ["-C", directory, "--sparse", "--sort=name", "--format=gnu", "-cf", "-", "."])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false
            })!;
        var hash = Convert.ToHexString(await SHA256.HashDataAsync(tar.StandardOutput.BaseStream, Cancel));
        await tar.WaitForExitAsync(Cancel);
        Assert.Equal(0, tar.ExitCode);
        var times = Directory.EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(e => $"{File.GetLastWriteTimeUtc(e):O}");
        return $"{hash} {string.Join(' ', times)}";
    }
}
