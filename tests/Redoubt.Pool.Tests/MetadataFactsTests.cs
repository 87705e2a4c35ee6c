using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Rule 5 of recovery: what was read is what is reported.</summary>
public sealed class MetadataFactsTests
{
    [Fact]
    public async Task Rule05_a_whole_volume_says_whose_it_is_how_far_it_reaches_and_when_it_was_written()
    {
        var begun = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var generation = scene.Primary.Daemon.Services.Database.JournalledGeneration;
        var facts = await FactsAsync(scene, _ => { });
        var pool = scene.Primary.All<PoolRecord>().Single();
        Assert.Equal(
            ("intact", "0", pool.Uuid, pool.NameLabel), (facts["verdict"], facts["lost-records"], facts["pool-uuid"], facts["pool-name"]));
        Assert.InRange(long.Parse(facts["generation"], CultureInfo.InvariantCulture), generation, long.MaxValue);
        Assert.InRange(
            DateTimeOffset.Parse(facts["written-at"], CultureInfo.InvariantCulture), begun.AddSeconds(-1), TimeProvider.System.GetUtcNow());
        Assert.False(facts.ContainsKey("damage"));
    }

    [Fact]
    public async Task Rule05_a_damaged_volume_says_what_is_lost_and_where_the_state_is_from()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var facts = await FactsAsync(scene, path =>
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.Write(file, new byte[64], 18);
            RandomAccess.Write(file, new byte[64], 18 + 62_914_560);
        });
        Assert.Equal(("cut", "history"), (facts["verdict"], facts["taken-from"]));
        Assert.NotEmpty(facts["damage"]);
    }

    [Fact]
    public async Task A_disk_that_is_no_metadata_volume_has_no_facts()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        Assert.Equal("VDI_INCOMPATIBLE_TYPE", (await site.Client.FailAsync("VDI.get_metadata_facts", vdi))[0]);
    }

    private static async Task<ImmutableSortedDictionary<string, string>> FactsAsync(RecoveryScene scene, Action<string> damage)
    {
        scene.Mirror();
        damage(Directory.EnumerateFiles(scene.CopyPath, "*.raw", SearchOption.AllDirectories).Single());
        await scene.Site.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", TestSite.Map(("location", scene.CopyPath)), ImmutableList.Create(scene.Primary.Get(scene.Sr).Uuid));
        var volume = Assert.Single(scene.Site.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata);
        return await scene.Site.Client.CallAsync<ImmutableSortedDictionary<string, string>>("VDI.get_metadata_facts", volume.Ref);
    }
}
