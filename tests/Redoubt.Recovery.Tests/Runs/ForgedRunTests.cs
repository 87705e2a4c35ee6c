using System.Collections.Immutable;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>A guest has written a pool's metadata onto its own raw disk, and then disaster comes.</summary>
public sealed class ForgedRunTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task A_failover_takes_no_VM_from_what_a_guest_has_written()
    {
        await using var pair = await RealPair.StartAsync();
        var disk = await GuestDiskAsync(pair);
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await ForgeAsync(pair, disk);
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest
        {
            Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true, PowerState = PowerStateAfter.Halted },
        };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        Assert.All(plan.Choices, c => Assert.NotEqual(disk, c.Chosen!.VolumeUuid));
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var ended = await RealPair.EndAsync(engine, await engine.StartAsync(request, plan, "ann", Cancel));
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        foreach (var name in new[] { "db", "web", "loose", "guest" })
        {
            Assert.Equal(1, (await RealPair.VmAsync(pair.Site, name)).Version);
        }
    }

    [Fact]
    public async Task Alone_it_is_offered_as_unproven_and_all_blanket_consent_does_not_include_it()
    {
        await using var pair = await RealPair.StartAsync();
        var disk = await GuestDiskAsync(pair);
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await ForgeAsync(pair, disk);
        File.Delete(Directory.EnumerateFiles(pair.Site.Storage, "*.raw", SearchOption.AllDirectories)
            .Single(f => !f.Contains(disk, StringComparison.Ordinal) && JournalReader.Read(f) is not JournalVerdict.NotARedoLog));
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var policy = new RecoveryPolicy
        {
            Kind = RecoveryKind.Failover,
            IsSourceDead = true,
            Resolve = ["volume-unproven", "no-metadata", "disk-missing"],
        };
        var plan = await pair.PlanAsync(new() { Policy = policy });
        Assert.True(plan.IsBlocked);
        Assert.Empty(plan.Choices);
        Assert.Contains(plan.Findings, f => f.Code == "volume-unproven" && f.Severity == Severity.Block && f.Object.Uuid == disk);
        var accepted = await pair.PlanAsync(new() { Policy = policy with { AcceptedVolumes = [disk] } });
        Assert.NotEmpty(accepted.Choices);
        Assert.Contains(accepted.Findings, f => f.Code == "volume-accepted");
    }

    private static async Task<string> GuestDiskAsync(RealPair pair)
    {
        Assert.Equal(0, (await pair.Primary.RunAsync("vm-create", "name-label=guest", "memory=64MiB")).Code);
        var vm = (await pair.Primary.CallAsync<ImmutableList<Ref<VmRecord>>>("VM.get_by_name_label", "guest")).Single();
        var vdi = await pair.Primary.CallAsync<Ref<VdiRecord>>("VDI.create", new VdiRecord
        {
            NameLabel = "raw",
            Sr = pair.Sr,
            VirtualSize = JournalLayout.StorageVolumeBytes,
            SmConfig = ImmutableSortedDictionary<string, string>.Empty.Add("type", "raw"),
        });
        await pair.Primary.CallAsync(
            "VBD.create", new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Mode = VbdMode.Rw });
        return await pair.Primary.CallAsync<string>("VDI.get_uuid", vdi);
    }

    // What it knows of its pool it may have from anywhere; everything is newer, and of a higher version.
    private static async Task ForgeAsync(RealPair pair, string disk)
    {
        var dump = new MemoryStream();
        await pair.Primary.Api.DumpDatabaseAsync(dump, null, Cancel);
        dump.Position = 0;
        var genuine = DumpReader.Read(dump);
        var path = Directory.EnumerateFiles(pair.Site.Storage, disk + ".raw", SearchOption.AllDirectories).Single();
        File.Delete(path);
        using var key = VolumeKey.Create();
        using var device = JournalDevice.Create(path, JournalLayout.StorageVolumeBytes);
        JournalWriter.Initialise(device);
        using var writer = new JournalWriter(
            device, TimeProvider.System, signer: new VolumeSigner(key, Guid.Parse(disk), Guid.Parse(pair.SrUuid)));
        writer.WriteDatabase(new DatabaseDump(genuine.Manifest, genuine.Tables.Select(t => t.Name == "VM"
            ? new DumpTable(
                t.Name, t.Rows.Select(r => r with { Columns = r.Columns.With("version", "500").With("PV__ramdisk", "/etc/shadow") }))
            : t)).AtGeneration((genuine.Manifest.Generation + 1000) / 2 * 2));
    }
}
