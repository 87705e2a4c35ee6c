using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>
/// Databases of a newer version, damaged ones, and ones that somebody made up: each odd row costs at most the VM that it belongs to.
/// </summary>
public sealed class OddDatabaseTests
{
    private const string Huge = "9223372036854775807";

    /// <summary>What is odd about a VM, and whether the VM can be recovered all the same.</summary>
    private static readonly (string Name, bool IsRecovered, Action<OddDatabase, string> Break)[] Oddities =
    [
        ("blocked-by-a-newer-operation", true, (d, vm) => d.Set("VM", vm, "blocked_operations", "(('warp' 'never') ('pool_migrate' 'stay'))")),
        ("in-a-newer-state", true, (d, vm) => d.Set("VM", vm, "power_state", "Hibernated")),
        ("with-a-newer-drive", true, (d, vm) => d.Set("VBD", d.Device("VBD", vm), "mode", "WORM")),
        ("with-a-lost-disk", true, (d, vm) => d.Set("VBD", d.Device("VBD", vm), "VDI", "OpaqueRef:nowhere")),
        ("with-a-disk-on-no-sr", false, (d, vm) => d.Set("VDI", d.Disk(vm), "SR", "OpaqueRef:nowhere")),
        ("with-a-disk-of-no-uuid", false, (d, vm) => d.Set("VDI", d.Disk(vm), "uuid", "")),
        ("with-a-disk-of-no-place", false, (d, vm) => d.Set("VDI", d.Disk(vm), "location", "")),
        ("with-a-doubled-disk", false, (d, vm) => d.Copy("VDI", d.Disk(vm))),
        ("on-no-network", true, (d, vm) => d.Set("VIF", d.Device("VIF", vm), "network", "OpaqueRef:nowhere")),
        ("in-no-vapp", true, (d, vm) => d.Set("VM", vm, "appliance", "OpaqueRef:nowhere")),
        ("suspended-nowhere", false, (d, vm) => d.Set("VM", vm, "power_state", "Suspended")),
        ("its-own-snapshot", true, (d, vm) => d.Set("VM", vm, "snapshot_of", vm)),
        ("its-own-parent", true, (d, vm) => d.Set("VM", vm, "parent", vm)),
        ("a-disk-that-is-its-own-snapshot", true, (d, vm) => d.Set("VDI", d.Disk(vm), "snapshot_of", d.Disk(vm))),
        ("doubled", false, (d, vm) => d.Copy("VM", vm)),
        ("without-uuid", false, (d, vm) => d.Set("VM", vm, "uuid", "")),
        ("with-a-path-for-uuid", false, (d, vm) => d.Set("VM", vm, "uuid", "../../../etc/passwd")),
        ("recovered-endlessly", false, (d, vm) => d.Set("VM", vm, "version", Huge)),
        ("recovered-less-than-never", false, (d, vm) => d.Set("VM", vm, "version", "-1")),
        ("of-all-memory", true, (d, vm) => d.Set("VM", vm, "memory__static_max", Huge, "memory__dynamic_max", Huge)),
        ("of-no-memory", true, (d, vm) => d.Set("VM", vm, "memory__static_max", "0", "memory__dynamic_max", "0")),
        ("of-negative-memory", true, (d, vm) => d.Set("VM", vm, "memory__static_max", "-9223372036854775808", "memory__dynamic_max", "-1")),
        ("of-a-billion-processors", true, (d, vm) => d.Set("VM", vm, "VCPUs__at_startup", "1000000000", "VCPUs__max", "1000000000")),
        ("of-all-processors", true, (d, vm) => d.Set("VM", vm, "VCPUs__at_startup", Huge)),
        ("of-minus-one-processor", true, (d, vm) => d.Set("VM", vm, "VCPUs__at_startup", "-1")),
        ("never-started", true, (d, vm) => d.Set("VM", vm, "start_delay", Huge)),
        ("first-of-all", true, (d, vm) => d.Set("VM", vm, "order", "-9223372036854775808")),
        ("a-novel", true, (d, vm) => d.Set("VM", vm, "name__label", new string('x', 3 << 20), "name__description", new string('y', 3 << 20))),
        ("of-no-number", true, (d, vm) => d.Set("VM", vm, "order", "many", "memory__static_max", "1e99")),
    ];

    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task Each_odd_row_costs_at_most_its_own_VM_and_is_named()
    {
        await using var pair = await RealPair.StartAsync([.. Oddities.Select(o => o.Name)]);
        await pair.MirrorAsync(pair.Primary, pair.Site);
        var uuids = new Dictionary<string, string>();
        OddDatabase.Rewrite(pair.Site.Storage, database =>
        {
            foreach (var (name, _, @break) in Oddities)
            {
                var vm = database.Vm(name);
                uuids[name] = database.Get("VM", vm, "uuid");
                @break(database, vm);
            }
        });
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest
        {
            Policy = new()
            {
                Kind = RecoveryKind.Failover,
                IsSourceDead = true,
                PowerState = PowerStateAfter.Halted,
                AcceptedVolumes = [OddDatabase.VolumeUuid(pair.Site.Storage)],
            },
        };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        Assert.True(plan.ToText().Length < 200_000, $"the plan has {plan.ToText().Length} characters");

        var named = plan.Findings.Where(f => f.Code is "vm-odd" or "vm-unusable" or "disk-unknown" or "network-unknown").ToList();
        foreach (var (name, isRecovered, _) in Oddities.Where(o => o.Name is not ("its-own-parent" or "a-disk-that-is-its-own-snapshot" or "of-no-number" or "a-novel")))
        {
            Assert.True(
                named.Exists(f => f.Object.Name == name && (f.Code == "vm-unusable") == !isRecovered),
                $"{name}: {string.Join("; ", named.Where(f => f.Object.Name == name).Select(f => f.Code))}");
        }

        Assert.DoesNotContain(named, f => f.Object.Name is "db" or "web" or "loose");
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var ended = await RealPair.EndAsync(engine, await engine.StartAsync(request, plan, "ann", Cancel));
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        var here = (await pair.Site.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Values.Where(v => !v.IsATemplate).ToDictionary(v => v.Uuid);
        foreach (var name in new[] { "db", "web", "loose" })
        {
            Assert.Contains(here.Values, v => v.NameLabel == name);
        }

        foreach (var (name, isRecovered, _) in Oddities)
        {
            Assert.True(here.ContainsKey(uuids[name]) == isRecovered, $"{name} {(isRecovered ? "is not here" : "is here")}");
        }

        // What this version knows of the map is kept, and the rest does not go on as a word that nobody can read.
        Assert.Equal(
            [KeyValuePair.Create(VmOperations.PoolMigrate, "stay")], here[uuids["blocked-by-a-newer-operation"]].BlockedOperations);

        // None of them may take the daemon down when somebody starts it. One of them is started, and then waited for until nobody is left.
        foreach (var name in Oddities.Where(o => o.IsRecovered && o.Name != "never-started").Select(o => o.Name))
        {
            Assert.InRange((await pair.Site.RunAsync("vm-start", $"uuid={uuids[name]}")).Code, 0, 2);
        }

        Assert.Equal(0, (await pair.Site.RunAsync("vm-start", "vm=loose")).Code);
    }

    [Theory]
    [InlineData("recovered-endlessly")]
    [InlineData("doubled")]
    [InlineData("with-a-disk-on-no-sr")]
    public async Task A_vApp_comes_back_without_the_one_VM_whose_row_is_broken(string oddity)
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        OddDatabase.Rewrite(pair.Site.Storage, database => Oddities.Single(o => o.Name == oddity).Break(database, database.Vm("web")));
        var ended = await FailOverAsync(pair);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        var db = await RealPair.VmAsync(pair.Site, "db");
        Assert.Equal(VmPowerState.Running, db.PowerState);
        Assert.False(db.Appliance.IsNull);
        Assert.DoesNotContain((await pair.Site.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Values, v => v.NameLabel == "web");
        var messages = await pair.Site.CallAsync<ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord>>("message.get_all_records");
        Assert.Contains(messages.Values, m => m.Name == "VM_NOT_RECOVERED" && m.Body.Contains("web", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("uuid", "")]
    [InlineData("uuid", "not one")]
    public async Task A_vApp_that_can_not_be_told_from_others_gives_its_VMs_one_by_one(string column, string value)
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        OddDatabase.Rewrite(pair.Site.Storage, database => database.Set("VM_appliance", database.Only("VM_appliance"), column, value));
        var ended = await FailOverAsync(pair);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        foreach (var name in new[] { "db", "web", "loose" })
        {
            Assert.Equal(VmPowerState.Running, (await RealPair.VmAsync(pair.Site, name)).PowerState);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_a_database_says_what_is_whole_is_recovered(int seed)
    {
        var random = new Random(seed);
        await using var pair = await RealPair.StartAsync([.. Enumerable.Range(0, 12).Select(i => $"broken{i}")]);
        await pair.MirrorAsync(pair.Primary, pair.Site);
        OddDatabase.Rewrite(pair.Site.Storage, database =>
        {
            foreach (var i in Enumerable.Range(0, 12))
            {
                database.Scramble(database.Vm($"broken{i}"), random);
            }
        });
        var ended = await FailOverAsync(pair, PowerStateAfter.Halted);
        foreach (var name in new[] { "db", "web", "loose" })
        {
            Assert.True(
                ended.Vms.Single(v => v.Vm.Name == name).Phase == VmPhase.Recovered,
                $"seed {seed.ToString(CultureInfo.InvariantCulture)}: {ended.ToJson()}");
        }
    }

    private static async Task<RunRecord> FailOverAsync(RealPair pair, PowerStateAfter after = PowerStateAfter.Start)
    {
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest
        {
            Policy = new()
            {
                Kind = RecoveryKind.Failover,
                IsSourceDead = true,
                PowerState = after,
                AcceptedVolumes = [OddDatabase.VolumeUuid(pair.Site.Storage)],
            },
        };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        return await RealPair.EndAsync(engine, await engine.StartAsync(request, plan, "ann", Cancel));
    }
}
