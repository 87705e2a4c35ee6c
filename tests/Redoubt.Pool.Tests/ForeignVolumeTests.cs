using System.Collections.Immutable;
using System.Security.Cryptography;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class ForeignVolumeTests
{
    [Fact]
    public async Task An_emptied_volume_says_that_it_is_empty()
    {
        await using var scene = await ProtectedAsync();
        Overwrite(scene, 17, "0"u8.ToArray());
        Assert.Contains("empty redo log", await ReasonAsync(scene), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_garbled_volume_says_that_nothing_usable_is_there()
    {
        await using var scene = await ProtectedAsync();
        using (var file = File.OpenHandle(Volume(scene), FileMode.Open, FileAccess.Write))
        {
            // As xapi would have left it: without the area in which an earlier state would still be found.
            RandomAccess.SetLength(file, 126 << 20);
        }

        Overwrite(scene, 18, RandomNumberGenerator.GetBytes(4096));
        Assert.Contains("neither half", await ReasonAsync(scene), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule04_looking_changes_not_one_byte_even_when_the_magic_is_wrong()
    {
        await using var scene = await ProtectedAsync();
        Overwrite(scene, 0, "not what it was."u8.ToArray());
        var before = Hash(scene);
        await AttachAsync(scene);
        Assert.DoesNotContain(scene.Site.All<VdiRecord>(), v => v.Type == VdiType.Metadata);
        Assert.Equal(before, Hash(scene));
    }

    [Fact]
    public async Task An_SR_without_metadata_can_be_attached_and_has_nothing_to_recover()
    {
        await using var scene = await ProtectedAsync();
        File.Delete(Volume(scene));
        var probed = await scene.Site.Client.CallAsync<string>(
            "SR.probe", scene.Site.Host, TestSite.Map(("location", scene.CopyPath)), "file", TestSite.Map());
        Assert.Contains("<pool_metadata_detected>false</pool_metadata_detected>", probed, StringComparison.Ordinal);
        await AttachAsync(scene);
        Assert.DoesNotContain(scene.Site.All<VdiRecord>(), v => v.Type == VdiType.Metadata);
    }

    [Fact]
    public async Task Rule06_a_state_from_before_everything_was_deleted_is_chosen_by_generation_or_by_time()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("SR.enable_database_replication", scene.Sr);
        var before = scene.Primary.Daemon.Services.State.Generation;
        var uuid = scene.Primary.Get(scene.Vm).Uuid;
        await scene.Primary.Client.CallAsync("VM_appliance.destroy", scene.Appliance);
        await scene.Primary.Client.CallAsync("VM.destroy", scene.Vm);
        var now = await scene.OpenForeignAsync();
        Assert.DoesNotContain(now.Session.Foreign!.All<VmRecord>(), v => v.Record.Uuid == uuid);

        var volume = scene.Site.Daemon.Services.State.All<VdiRecord>().Single(v => v.Record.Type == VdiType.Metadata).Ref;
        var history = await scene.Site.Client.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
            "VDI.get_database_history", volume);
        Assert.Contains(history, h => h["vms"] == "1" && h["pool_uuid"].Length == 36);
        var then = scene.Site.Client.With(
            await scene.Site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database_at", volume, $"{before}"));
        await then.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Contains(scene.Site.All<VmRecord>(), v => v.Uuid == uuid);
        // A time as it is listed is found, though the list is to the second and all this may have happened in one.
        var entry = history.Last(h => h["vms"] == "1");
        var byTime = scene.Site.Client.With(
            await scene.Site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database_at", volume, entry["time"]));
        Assert.True(
            byTime.Session.Foreign!.Generation >= long.Parse(entry["generation"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("INVALID_VALUE", (await scene.Site.Client.FailAsync("VDI.open_database_at", volume, "yesterday"))[0]);
    }

    [Fact]
    public async Task A_location_that_does_not_exist_is_named_and_leaves_no_task()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var failure = await scene.Site.Client.FailAsync(
            "DR_task.create", "file", TestSite.Map(("location", "/nowhere/at/all")), ImmutableList.Create($"{Guid.NewGuid()}"));
        Assert.StartsWith("SR_BACKEND_FAILURE", failure[0], StringComparison.Ordinal);
        Assert.Contains("/nowhere/at/all", failure[2], StringComparison.Ordinal);
        Assert.Empty(scene.Site.All<DrTaskRecord>());
    }

    private static async Task<RecoveryScene> ProtectedAsync()
    {
        var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        scene.Mirror();
        return scene;
    }

    private static Task<Ref<DrTaskRecord>> AttachAsync(RecoveryScene scene) => scene.Site.Client.CallAsync<Ref<DrTaskRecord>>(
        "DR_task.create", "file", TestSite.Map(("location", scene.CopyPath)), ImmutableList.Create(scene.Primary.Get(scene.Sr).Uuid));

    /// <summary>Why the volume can't be opened; looking must not have changed a byte of it.</summary>
    private static async Task<string> ReasonAsync(RecoveryScene scene)
    {
        var before = Hash(scene);
        await AttachAsync(scene);
        var volume = Assert.Single(scene.Site.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata);
        var failure = await scene.Site.Client.FailAsync("VDI.open_database", volume.Ref);
        Assert.Equal("COULD_NOT_IMPORT_DATABASE", failure[0]);
        Assert.Equal(before, Hash(scene));
        return failure[1];
    }

    private static string Volume(RecoveryScene scene) =>
        Assert.Single(Directory.GetFiles(Path.Combine(scene.CopyPath, scene.Primary.Get(scene.Sr).Uuid), "*.raw"));

    private static void Overwrite(RecoveryScene scene, long offset, byte[] bytes)
    {
        using var file = File.OpenHandle(Volume(scene), FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, offset);
    }

    private static string Hash(RecoveryScene scene)
    {
        // Beyond the log there is nothing, and it is not worth reading four gigabytes of holes.
        using var file = File.OpenRead(Volume(scene));
        var log = new byte[126 << 20];
        file.ReadExactly(log);
        return Convert.ToHexString(SHA256.HashData(log));
    }
}
