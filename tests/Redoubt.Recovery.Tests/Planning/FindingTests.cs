using System.Text.RegularExpressions;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Planning;

/// <summary>Every finding, and what produces it: one thing broken in a scene that has none.</summary>
public sealed class FindingTests
{
    private static readonly Dictionary<string, (Severity Severity, Action<Scene, VmFacts> Break)> Breaks = new()
    {
        ["licence"] = (Severity.Block, (s, _) => s.Target = s.Target with { Pool = s.Target.Pool with { IsDrRestricted = true } }),
        ["role"] = (Severity.Block, (s, _) => s.MayRecover = false),
        ["ha-enabled"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Pool = s.Target.Pool with { IsHaEnabled = true } }),
        ["ha-starts-vms"] = (Severity.Block, (s, vm) =>
        {
            s.Target = s.Target with { Pool = s.Target.Pool with { IsHaEnabled = true } };
            Change(s, vm with { IsKeptRunningByHa = true });
        }
        ),
        ["test-not-isolated"] = (Severity.Block, (s, _) =>
        {
            s.Policy = s.Policy with { Kind = RecoveryKind.Test };
            s.Target = s.Target with { Pool = s.Target.Pool with { Brand = "XenServer" } };
        }
        ),
        ["no-history"] = (Severity.Block, (s, _) =>
        {
            Genuine(s);
            s.Policy = s.Policy with { PointInTime = "41" };
        }
        ),
        ["start-unguarded"] = (Severity.Warning, (s, _) => Genuine(s)),
        ["replaced-for-good"] = (Severity.Warning, (s, vm) =>
        {
            Genuine(s);
            Change(s, vm with { Version = 2 });
            s.AddHere(vm, VmPowerState.Halted, 1);
        }
        ),
        ["disk-drop-impossible"] = (Severity.Block, (s, vm) =>
        {
            Genuine(s);
            s.Target = s.Target with { Vdis = [] };
            s.Policy = s.Policy with { AcceptedMissingDisks = [vm.Vbds[0].VdiUuid] };
        }
        ),
        ["sr-type-unsupported"] = (Severity.Block, (s, _) =>
        {
            s.MetadataTypes = ["lvmoiscsi"];
            s.Target = s.Target with { Srs = [], Vdis = [] };
        }
        ),
        ["not-protected-again"] = (Severity.Warning, (s, _) => s.MetadataTypes = ["lvmoiscsi"]),
        ["secrets-sealed"] = (Severity.Warning, (s, vm) => s.Source = s.Source with { ClosedSecrets = [new("VM", vm.Uuid, vm.Name, "VM.other_config:token", "0123456789abcdef")] }),
        ["volume-unreadable"] = (Severity.Warning, (s, _) => s.MoreVolumes.Add(s.AddVolume(d => d) with { VdiUuid = "torn volume", Database = null, Unreadable = "torn" })),
        ["volume-unproven"] = (Severity.Block, (s, _) => s.VolumeFacts = s.VolumeFacts with { Unproven = "it is not signed" }),
        ["volume-accepted"] = (Severity.Warning, (s, _) =>
        {
            s.VolumeFacts = s.VolumeFacts with { Unproven = "it is not signed" };
            s.Policy = s.Policy with { AcceptedVolumes = [Scene.Volume] };
        }
        ),
        ["no-metadata"] = (Severity.Block, (s, _) => s.VolumeFacts = s.VolumeFacts with { Unreadable = "torn" }),
        ["older-metadata"] = (Severity.Info, (s, _) => s.AddVolume(d => d with { Vms = [] }, isLatest: false)),
        ["metadata-cut"] = (Severity.Warning, (s, _) => s.VolumeFacts = s.VolumeFacts with { Generation = 7, Damage = "a record is torn", LostRecords = 2 }),
        ["metadata-stale"] = (Severity.Warning, (s, _) => s.Source = s.Source with { NewestMoment = Scene.Now.AddDays(-3) }),
        ["metadata-from-future"] = (Severity.Warning, (s, _) => s.VolumeFacts = s.VolumeFacts with { WrittenAt = Scene.Now.AddDays(3) }),
        ["metadata-age-unknown"] = (Severity.Info, (s, _) => s.Source = s.Source with { NewestMoment = null }),
        ["storage-unreadable"] = (Severity.Warning, (s, _) => s.Storage.Add(Probed() with { Unreadable = "no such host" })),
        ["storage-empty"] = (Severity.Warning, (s, _) => s.Storage.Add(Probed())),
        ["storage-not-attached"] = (Severity.Warning, (s, _) => s.Storage.Add(Probed() with { Found = [new("5a000000-0000-4000-8000-00000000000f", "more", true)] })),
        ["storage-not-scanned"] = (Severity.Info, (s, _) => s.Storage.Add(new() { Origin = new("recovery", Scene.Now), SrUuid = Scene.Sr, NotScanned = "RBAC_PERMISSION_DENIED" })),
        ["sr-not-answering"] = (Severity.Block, (s, _) => s.Storage.Add(new() { Origin = new("recovery", Scene.Now), SrUuid = Scene.Sr, NotAnswering = "it hangs" })),
        ["newer-copy-elsewhere"] = (Severity.Block, (s, _) => Copy(s, 8)),
        ["older-copy-elsewhere"] = (Severity.Info, (s, _) => Copy(s, 7)),
        ["second-copy"] = (Severity.Warning, (s, _) => Copy(s, null)),
        ["older-copy"] = (Severity.Warning, (s, _) =>
        {
            s.Storage.Add(Probed() with { Found = [Found("5a000000-0000-4000-8000-00000000000f", s.Source.Pool.Uuid, 7)] });
            s.Storage.Add(
                Probed() with
                {
                    DeviceConfig = Scene.Map(("location", "/newer")),
                    Found = [Found("5a000000-0000-4000-8000-00000000000f", s.Source.Pool.Uuid, 9)],
                });
        }
        ),
        ["sr-missing"] = (Severity.Block, (s, _) => s.Target = s.Target with { Srs = [], Vdis = [] }),
        ["sr-local"] = (Severity.Block, (s, _) =>
        {
            s.Target = s.Target with { Srs = [], Vdis = [] };
            s.Source = s.Source with { Srs = [s.Source.Srs[0] with { IsShared = false }] };
        }
        ),
        ["sr-detached"] = (Severity.Block, (s, _) => s.Target = s.Target with { Srs = [s.Target.Srs[0] with { Pbds = [s.Target.Srs[0].Pbds[0] with { IsAttached = false }] }] }),
        ["sr-partly-attached"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Srs = [s.Target.Srs[0] with { Pbds = [.. s.Target.Srs[0].Pbds, new("h2", false, Scene.Map())] }] }),
        ["sr-attached-elsewhere"] = (Severity.Warning, (s, _) =>
        {
            s.AddLiveSource(VmPowerState.Halted);
            s.OtherPools[0] = s.OtherPools[0] with { Database = s.OtherPools[0].Database! with { Srs = s.Source.Srs } };
        }
        ),
        ["network-dead"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Networks = [s.Target.Networks[0] with { Trouble = "this host has no bridge xenbr0" }] }),
        ["storage-map-impossible"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { Storage = Scene.Map((Scene.Sr, "elsewhere")) }),
        ["disks-copied"] = (Severity.Info, (s, _) => s.HaveToCopy()),
        ["copy-needs-sr"] = (Severity.Block, (s, _) =>
        {
            s.HaveToCopy();
            s.Target = s.Target with { Pool = s.Target.Pool with { DefaultSrUuid = "" } };
        }
        ),
        ["snapshots-left"] = (Severity.Warning, (s, vm) =>
        {
            s.HaveToCopy();
            Change(s, vm with { SnapshotCount = 2 });
        }
        ),
        ["suspended-elsewhere"] = (Severity.Warning, (s, vm) =>
        {
            s.HaveToCopy();
            Change(s, vm with { PowerState = VmPowerState.Suspended, SuspendVdiUuid = vm.Vbds[0].VdiUuid });
        }
        ),
        ["paravirtual"] = (Severity.Warning, (s, vm) => Change(s, vm with { IsParavirtual = true })),
        ["disk-missing"] = (Severity.Block, (s, _) => s.Target = s.Target with { Vdis = [s.Target.Vdis[0] with { IsMissing = true }] }),
        ["disk-dropped"] = (Severity.Warning, (s, vm) =>
        {
            s.Target = s.Target with { Vdis = [] };
            s.Policy = s.Policy with { AcceptedMissingDisks = [vm.Vbds[0].VdiUuid] };
        }
        ),
        ["disk-size-differs"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Vdis = [s.Target.Vdis[0] with { VirtualSizeBytes = 7 }] }),
        ["disk-unknown"] = (Severity.Warning, (s, vm) => Change(s, vm with { Vbds = [vm.Vbds[0] with { VdiUuid = "" }] })),
        ["iso-missing"] = (Severity.Warning, (s, vm) =>
        {
            s.Source = s.Source with
            {
                Vdis = s.Source.Vdis.Add(new("c0000000-0000-4000-8000-000000000001", "cd", "iso-sr", "debian.iso", 1, false, "")),
            };
            Change(s, vm with { Vbds = vm.Vbds.Add(new("cb", "3", VbdType.Cd, "c0000000-0000-4000-8000-000000000001")) });
        }
        ),
        ["suspend-image-missing"] = (Severity.Block, (s, vm) =>
        {
            s.Source = s.Source with
            {
                Vdis = s.Source.Vdis.Add(new("50000000-0000-4000-8000-000000000001", "image", Scene.Sr, "image", 1, false, "")),
            };
            Change(s, vm with { PowerState = VmPowerState.Suspended, SuspendVdiUuid = "50000000-0000-4000-8000-000000000001" });
        }
        ),
        ["suspended"] = (Severity.Info, (s, vm) => Change(s, vm with { PowerState = VmPowerState.Suspended, SuspendVdiUuid = vm.Vbds[0].VdiUuid })),
        ["network-unmapped"] = (Severity.Block, (s, _) => s.Target = s.Target with { Networks = [] }),
        ["network-map-wrong"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { Networks = Scene.Map(("front", "nowhere")) }),
        ["network-ambiguous"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Networks = s.Target.Networks.Add(new("second", "front", "xenbr9")) }),
        ["network-by-bridge"] = (Severity.Info, (s, _) => s.Target = s.Target with { Networks = [s.Target.Networks[0] with { Name = "lan" }] }),
        ["network-unknown"] = (Severity.Warning, (s, vm) => Change(s, vm with { Vifs = [vm.Vifs[0] with { NetworkUuid = "" }] })),
        ["mac-clash"] = (Severity.Warning, (s, vm) => s.AddHere(vm with { Uuid = "another", Name = "another" }, VmPowerState.Halted, 0)),
        ["name-clash"] = (Severity.Info, (s, vm) => s.AddHere(vm with { Uuid = "another", Vifs = [] }, VmPowerState.Halted, 0)),
        ["vm-replaced"] = (Severity.Warning, (s, vm) =>
        {
            Change(s, vm with { Version = 2 });
            s.AddHere(vm, VmPowerState.Halted, 1);
        }
        ),
        ["vm-replaced-by-choice"] = (Severity.Warning, (s, vm) =>
        {
            s.AddHere(vm, VmPowerState.Halted, 0);
            s.Policy = s.Policy with { Copies = Scene.Map((vm.Uuid, Scene.Volume)) };
        }
        ),
        ["vm-running-here"] = (Severity.Block, (s, vm) =>
        {
            Change(s, vm with { Version = 2 });
            s.AddHere(vm, VmPowerState.Running, 1);
        }
        ),
        ["vm-suspended-here"] = (Severity.Block, (s, vm) =>
        {
            Change(s, vm with { Version = 2 });
            s.AddHere(vm, VmPowerState.Suspended, 1);
        }
        ),
        ["newest-here"] = (Severity.Block, (s, vm) =>
        {
            s.AddHere(vm, VmPowerState.Halted, 1);
            s.Policy = s.Policy with { Chosen = new() { Vms = [vm.Name] } };
        }
        ),
        ["appliance-present"] = (Severity.Warning, (s, vm) =>
        {
            var appliance = s.AddAppliance("shop");
            Change(s, vm with { ApplianceUuid = appliance.Uuid });
            s.Target = s.Target with { Appliances = [appliance] };
        }
        ),
        ["appliance-incomplete"] = (Severity.Block, (s, vm) =>
        {
            var appliance = s.AddAppliance("shop");
            Change(s, vm with { ApplianceUuid = appliance.Uuid });
            s.AddVm("web", appliance: appliance.Uuid);
            s.Policy = s.Policy with { Chosen = new() { Vms = [vm.Uuid] } };
        }
        ),
        ["appliance-split"] = (Severity.Block, (s, vm) =>
        {
            var appliance = s.AddAppliance("shop");
            Change(s, vm with { ApplianceUuid = appliance.Uuid });
            s.AddVm("web", appliance: appliance.Uuid);
            s.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [d.Vms[0] with { Version = 5 }] });
        }
        ),
        ["copy-undecidable"] = (Severity.Block, (s, _) => s.AddVolume(d => d with { Pool = Scene.OtherPool })),
        ["not-found"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { Chosen = new() { Tags = ["gold"] } }),
        ["name-ambiguous"] = (Severity.Block, (s, vm) =>
        {
            s.AddVm(vm.Name);
            s.Policy = s.Policy with { Chosen = new() { Vms = [vm.Name] } };
        }
        ),
        ["source-not-dead"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { IsSourceDead = false }),
        ["source-dead-unnamed"] = (Severity.Block, (s, vm) => s.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [vm with { Version = 5 }] })),
        ["source-dead-ambiguous"] = (Severity.Block, (s, vm) =>
        {
            s.AddVolume(d => d with { Pool = Scene.OtherPool with { Name = "primary" }, Vms = [vm with { Version = 5 }] });
            s.Policy = s.Policy with { IsSourceDead = false, DeadSources = ["primary"] };
        }
        ),
        ["source-dead-unknown"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { IsSourceDead = false, DeadSources = ["primary", "primery"] }),
        ["site-silent"] = (Severity.Block, (s, _) => s.OtherPools.Add(Silent("third", Scene.OtherPool.Uuid))),
        ["source-unreachable"] = (Severity.Block, (s, _) => s.Policy = s.Policy with { Kind = RecoveryKind.Migration }),
        ["source-alive"] = (Severity.Warning, (s, _) => s.AddLiveSource(VmPowerState.Halted)),
        ["vm-alive-at-source"] = (Severity.Block, (s, _) => s.AddLiveSource(VmPowerState.Running)),
        ["vm-odd"] = (Severity.Warning, (s, vm) => Change(s, vm with { Oddities = ["its memory is 0 bytes"] })),
        ["vm-unusable"] = (Severity.Warning, (s, vm) => Change(s, vm with { Unusable = "its version is -1" })),
        ["starts-with-host"] = (Severity.Warning, (s, vm) => Change(s, vm with { StartsWithHost = true })),
        ["snapshots"] = (Severity.Info, (s, vm) => Change(s, vm with { SnapshotCount = 2 })),
        ["firmware-lost"] = (Severity.Warning, (s, vm) => Change(s, vm with { FirmwareVariables = FirmwareVariablesState.Damaged })),
        ["boot-file"] = (Severity.Warning, (s, vm) =>
        {
            Change(s, vm with { BootFiles = [new("PV_kernel", "/etc/shadow")] });
            s.BootFileTroubles = Scene.Map(("/etc/shadow", "Files for guests lie elsewhere."));
        }
        ),
        ["tpm-lost"] = (Severity.Warning, (s, vm) => Change(s, vm with { Tpm = new(TpmContentsState.Damaged, IsUnique: false) })),
        ["device-lost"] = (Severity.Warning, (s, vm) => Change(s, vm with { Devices = new(0, 1, 0, 0) })),
        ["no-host"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Hosts = [s.Target.Hosts[0] with { IsEnabled = false }] }),
        ["cpu-short"] = (Severity.Warning, (s, vm) => Change(s, vm with { CpuCount = 64 })),
        ["memory-short"] = (Severity.Warning, (s, vm) => Change(s, vm with { MemoryBytes = 1L << 40 })),
        ["memory-unknown"] = (Severity.Warning, (s, _) => s.Target = s.Target with { Hosts = [s.Target.Hosts[0] with { MemoryFreeBytes = null }] }),
    };

    public static TheoryData<string> Codes => [.. Breaks.Keys];

    [Theory]
    [MemberData(nameof(Codes))]
    public void What_is_broken_is_found(string code)
    {
        var scene = new Scene();
        var vm = scene.AddVm("db");
        Breaks[code].Break(scene, vm);
        var found = scene.Plan().Findings.Where(f => f.Code == code).ToList();
        Assert.NotEmpty(found);
        Assert.All(found, f => Assert.Equal(Breaks[code].Severity, f.Severity));
        Assert.All(found, f => Assert.True(f.Sentence.Length > 0 && f.Advice.Length > 0 && f.Object.Uuid.Length > 0));
    }

    [Fact]
    public void Every_code_in_the_sources_is_tested_and_documented()
    {
        var calls = Directory.EnumerateFiles(
            Path.Combine(Repository.Root, "src/Redoubt.Recovery/Planning"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(
                f => Regex.Matches(File.ReadAllText(f), @"findings\.(?:Block|Warn|Tell)\((?<code>(?:[^"",;]|""[^""]*"")*),")).ToList();
        var written = calls.Select(
            c => Regex.Matches(c.Groups["code"].Value, "\"(?<code>[a-z]+(?:-[a-z]+)*)\"").Select(m => m.Groups["code"].Value)
                .ToList()).ToList();
        Assert.All(written.Zip(calls), w => Assert.True(w.First.Count > 0, $"no code is seen in: {w.Second.Value}"));
        var documented = Regex.Matches(
            File.ReadAllText(Path.Combine(Repository.Root, "docs/operating/dr-plan.md")),
            @"^\| `(?<code>[a-z-]+)` \| (?:block|warning|info)", RegexOptions.Multiline).Select(m => m.Groups["code"].Value);
        Assert.Equal(Breaks.Keys.Order(StringComparer.Ordinal), written.SelectMany(w => w).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(Breaks.Keys.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_scene_where_nothing_is_broken_has_no_finding_and_is_not_blocked()
    {
        var scene = new Scene();
        scene.AddVm("db");
        var plan = scene.Plan();
        Assert.Empty(plan.Findings);
        Assert.False(plan.IsBlocked);
    }

    [Fact]
    public void One_statement_does_not_take_every_pool_on_the_storage_for_dead()
    {
        var scene = new Scene();
        var vm = scene.AddVm("db");
        scene.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [vm with { Version = 5 }] });
        var plan = scene.Plan();
        Assert.Contains(
            "source-dead=primary,third", Assert.Single(plan.Findings, f => f.Code == "source-dead-unnamed").Advice,
            StringComparison.Ordinal);
        Assert.Equal(["primary", "third"], plan.Findings.Where(f => f.Code == "source-not-dead").Select(f => f.Object.Name));

        scene.Policy = new() { Kind = RecoveryKind.Failover, DeadSources = ["third"] };
        Assert.Equal("primary", Assert.Single(scene.Plan().Findings, f => f.Code == "source-not-dead").Object.Name);
        scene.Policy = new() { Kind = RecoveryKind.Failover, DeadSources = ["third", scene.Source.Pool.Uuid] };
        plan = scene.Plan();
        Assert.False(plan.IsBlocked, plan.ToText());
        Assert.All(plan.Steps.OfType<FenceSource>(), f => Assert.Equal(FenceMode.Statement, f.Mode));

        // What answers is not meant, so a word without names means the other.
        scene.OtherPools.Add(
            new(
                new("third", Scene.Now), "third", OtherPoolState.Live, null,
                scene.MoreVolumes[0].Database! with { Vms = [vm with { PowerState = VmPowerState.Halted }], Srs = [] }));
        scene.Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true };
        Assert.False(scene.Plan().IsBlocked, scene.Plan().ToText());
    }

    [Fact]
    public void A_site_that_is_the_source_is_named_by_either_name_and_not_counted_twice()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.OtherPools.Add(Silent("north", scene.Source.Pool.Uuid));
        Assert.False(scene.Plan().IsBlocked, scene.Plan().ToText());
        scene.Policy = new() { Kind = RecoveryKind.Failover, DeadSources = ["north"] };
        Assert.False(scene.Plan().IsBlocked, scene.Plan().ToText());
        scene.OtherPools.Add(Silent("third", Scene.OtherPool.Uuid));
        Assert.Equal("site-silent", Assert.Single(scene.Plan().Findings, f => f.Severity == Severity.Block).Code);
        scene.Policy = new() { Kind = RecoveryKind.Failover, DeadSources = ["north", "third"] };
        Assert.False(scene.Plan().IsBlocked, scene.Plan().ToText());
    }

    [Fact]
    public void Clocks_that_are_a_little_apart_are_no_finding()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.VolumeFacts = scene.VolumeFacts with { WrittenAt = Scene.Now.AddMinutes(4) };
        Assert.Empty(scene.Plan().Findings);
    }

    [Fact]
    public void Of_two_copies_that_are_not_attached_the_newer_is_offered()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.Target = scene.Target with { Srs = [], Vdis = [] };
        scene.Storage.Add(Probed() with { Found = [Found(Scene.Sr, scene.Source.Pool.Uuid, 7)] });
        scene.Storage.Add(
            Probed() with { DeviceConfig = Scene.Map(("location", "/newer")), Found = [Found(Scene.Sr, scene.Source.Pool.Uuid, 9)] });
        scene.Policy = scene.Policy with { Resolve = ["sr-missing"] };
        Assert.Equal("/newer", Assert.Single(scene.Plan().Steps.OfType<AttachStorage>()).DeviceConfig["location"]);
    }

    [Fact]
    public void A_pool_that_answers_outweighs_the_statement_that_it_is_dead()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.AddLiveSource(VmPowerState.Running);
        Assert.True(scene.Plan().IsBlocked);
    }

    [Fact]
    public void A_test_comes_beside_a_running_original_and_is_not_blocked_by_it()
    {
        var scene = new Scene();
        var vm = scene.AddVm("db");
        scene.AddLiveSource(VmPowerState.Running);
        scene.AddHere(vm, VmPowerState.Running, 7);
        scene.Policy = new() { Kind = RecoveryKind.Test };
        Assert.Empty(scene.Plan().Findings.Where(f => f.Severity == Severity.Block));
    }

    private static void Genuine(Scene scene) =>
        scene.Target = scene.Target with { Pool = scene.Target.Pool with { Brand = "XenServer", Version = "8.4.0" } };

    private static OtherPoolFacts Silent(string name, string poolUuid) =>
        new(new(name, Scene.Now), name, OtherPoolState.Unreachable, "no route to host", null, poolUuid);

    private static void Copy(Scene scene, long? generation)
    {
        scene.VolumeFacts = scene.VolumeFacts with { Generation = 7 };
        scene.Storage.Add(
            Probed() with
            {
                Found = [generation is { } known ? Found(Scene.Sr, scene.Source.Pool.Uuid, known) : new(Scene.Sr, "replicated", true)],
            });
    }

    private static ProbedSrFacts Found(string sr, string pool, long generation) =>
        new(sr, "replicated", true) { Metadata = [new(pool, "primary", generation, Scene.Now)] };

    private static StorageFacts Probed() =>
        new() { Origin = new("probe", Scene.Now), Type = "file", DeviceConfig = Scene.Map(("location", "/more")) };

    private static void Change(Scene scene, VmFacts vm) =>
        scene.Source = scene.Source with { Vms = [.. scene.Source.Vms.Select(v => v.Uuid == vm.Uuid ? vm : v)] };
}
