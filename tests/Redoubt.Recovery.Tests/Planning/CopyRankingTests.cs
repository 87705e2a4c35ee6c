using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Planning;

/// <summary>The rule of the most recent.</summary>
public sealed class CopyRankingTests
{
    [Fact]
    public void Rule07_the_most_recent_wins_by_version_before_anything_else()
    {
        var scene = new Scene();
        scene.AddVm("db", with: v => v with { Version = 1, LastRecordedAt = Scene.Now });
        var newer = scene.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [d.Vms[0] with { Version = 2, LastRecordedAt = Scene.Now.AddDays(-9) }] });
        Assert.Equal(newer.VdiUuid, Choice(scene).Chosen!.VolumeUuid);
    }

    [Fact]
    public void Within_a_pool_the_higher_generation_wins()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.VolumeFacts = scene.VolumeFacts with { Generation = 7, IsLatest = true };
        scene.MoreVolumes.Add(scene.AddVolume(d => d) with { VdiUuid = "higher", Generation = 8, IsLatest = false });
        scene.MoreVolumes.RemoveAt(0);
        Assert.Equal("higher", Choice(scene).Chosen!.VolumeUuid);
    }

    [Fact]
    public void Where_generations_are_not_told_the_server_says_which_volume_is_the_latest()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.VolumeFacts = scene.VolumeFacts with { IsLatest = false };
        var latest = scene.AddVolume(d => d);
        Assert.Equal(latest.VdiUuid, Choice(scene).Chosen!.VolumeUuid);
    }

    [Fact]
    public void Across_pools_of_equal_versions_the_later_recorded_moment_wins()
    {
        var scene = new Scene();
        scene.AddVm("db", with: v => v with { LastRecordedAt = Scene.Now.AddHours(-2) });
        var later =
            scene.AddVolume(d => d with { Pool = Scene.OtherPool, Vms = [d.Vms[0] with { LastRecordedAt = Scene.Now.AddHours(-1) }] });
        Assert.Equal(later.VdiUuid, Choice(scene).Chosen!.VolumeUuid);
    }

    [Fact]
    public void Rule07_where_nothing_decides_the_operator_must_and_sees_both()
    {
        var scene = new Scene();
        var vm = scene.AddVm("db");
        var other = scene.AddVolume(d => d with { Pool = Scene.OtherPool });
        var plan = scene.Plan();
        var finding = Assert.Single(plan.Findings, f => f.Code == "copy-undecidable");
        Assert.Contains(Scene.Volume, finding.Sentence, StringComparison.Ordinal);
        Assert.Contains(other.VdiUuid, finding.Sentence, StringComparison.Ordinal);
        Assert.Empty(plan.Steps);

        scene.Policy = scene.Policy with { Copies = Scene.Map((vm.Uuid, other.VdiUuid)) };
        Assert.Equal(other.VdiUuid, Choice(scene).Chosen!.VolumeUuid);
        Assert.DoesNotContain(scene.Plan().Findings, f => f.Code == "copy-undecidable");
    }

    [Fact]
    public void A_copy_that_the_target_wrote_itself_is_no_candidate()
    {
        var scene = new Scene();
        var vm = scene.AddVm("db");
        scene.AddVolume(d => d with { Pool = scene.Target.Pool, Vms = [vm with { Version = 9 }] });
        Assert.Equal(Scene.Volume, Choice(scene).Chosen!.VolumeUuid);
    }

    [Fact]
    public void Home_again_the_older_copy_gives_way_to_the_one_that_was_away()
    {
        var scene = new Scene { Policy = new() { Kind = RecoveryKind.Failback } };
        var vm = scene.AddVm("db", with: v => v with { Version = 1 });
        scene.AddHere(vm, VmPowerState.Halted, 0);
        scene.AddLiveSource(VmPowerState.Running);
        var plan = scene.Plan();
        Assert.False(plan.IsBlocked);
        Assert.False(Assert.Single(plan.Steps.OfType<RecoverVm>()).IsForced);
        Assert.Equal(vm.Uuid, Assert.Single(Assert.Single(plan.Steps.OfType<RecoverVm>()).Replaces).Uuid);
    }

    private static VmChoice Choice(Scene scene) => Assert.Single(scene.Plan().Choices);
}
