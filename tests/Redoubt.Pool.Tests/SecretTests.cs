using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Redoubt.Database;
using Redoubt.Database.Archive;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Secrets leave the daemon's memory sealed, wherever they stand, and come back where the key is.</summary>
public sealed class SecretTests
{
    private const string Passphrase = "correct horse battery";
    private const string Chap = "CLEAR-chap-0001";
    private const string Value = "CLEAR-value-0002";
    private const string Token = "CLEAR-token-0003";
    private const string Later = "CLEAR-later-0004";
    private const string Drive = "CLEAR-drive-0005";
    private const string Share = "CLEAR-share-0006";

    private static readonly string[] All = [Chap, Value, Token, Later, Drive, Share];

    [Fact]
    public async Task Nothing_that_the_daemon_writes_has_a_secret_in_clear()
    {
        await using var scene = await OpenAsync();
        await ChangeAsync(scene);
        using var archive = new MemoryStream();
        scene.Primary.Daemon.VmMetadata.Export(scene.Primary.Daemon.Services.State, [scene.Vm], new ArchiveOptions(), archive);
        await scene.Primary.Client.CallAsync<string>("SR.create_metadata_backup", scene.Sr, 2L);
        await scene.Primary.Daemon.Services.Database.FlushWholeAsync(TestSite.Cancel);
        await ChangeAsync(scene);
        RequireNone(archive.ToArray(), "the archive");
        await RequireNoneAsync(scene.Primary);

        // They are there, though: sealed.
        Assert.Equal(7, Closed(Volume(scene)).Count);
        AssertClear(scene.Primary.Daemon.Services.State);
    }

    [Fact]
    public async Task A_site_without_the_key_recovers_all_the_same_and_opens_the_secrets_when_it_is_given()
    {
        await using var scene = await OpenAsync();
        await ChangeAsync(scene);
        var foreign = await scene.OpenForeignAsync();
        var vm = scene.Primary.Get(scene.Vm);
        var closed = await scene.Site.Client.With(foreign.Session.Ref).CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
            "pool.get_closed_secrets", foreign.Session.Foreign!.All<PoolRecord>().Single().Ref);
        Assert.Contains(
            closed, c => c["class"] == "VM" && c["uuid"] == vm.Uuid && c["name"] == "one" && c["field"] == "VM.other_config:api-token");
        Assert.Contains(closed, c => c["class"] == "SR" && c["name"] == "sr" && c["field"] == "PBD.device_config:chappassword");
        Assert.All(closed, c => Assert.Equal(scene.Primary.Daemon.Services.KeyRing.Own.Id, c["key"]));

        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var sealedToken = scene.Site.Get(scene.Recovered()).OtherConfig["api-token"];
        Assert.True(SealedText.Is(sealedToken), sealedToken);

        var refused = await scene.Site.Client.FailAsync(
            "pool.import_key", Pool(scene.Site), await ExportAsync(scene.Primary), "another passphrase");
        Assert.Equal("INVALID_VALUE", refused[0]);
        Assert.Contains("passphrase", refused[2], StringComparison.Ordinal);
        Assert.Equal(sealedToken, scene.Site.Get(scene.Recovered()).OtherConfig["api-token"]);

        await ImportAsync(scene.Site, await ExportAsync(scene.Primary));
        Assert.Equal(Later, scene.Site.Get(scene.Recovered()).OtherConfig["api-token"]);
        AssertClear((await scene.ReopenForeignAsync()).Session.Foreign!);

        // Kept for good, and sealed with the key of the site where it is now.
        await scene.Site.Daemon.DisposeAsync();
        await scene.Site.StartAsync();
        Assert.Equal(Later, scene.Site.Get(scene.Recovered()).OtherConfig["api-token"]);
        AssertClear((await scene.ReopenForeignAsync()).Session.Foreign!);
    }

    [Fact]
    public async Task A_site_that_has_the_key_before_the_disaster_recovers_with_every_secret()
    {
        await using var scene = await OpenAsync();
        await ImportAsync(scene.Site, await ExportAsync(scene.Primary));
        var foreign = await scene.OpenForeignAsync();
        AssertClear(foreign.Session.Foreign!);
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Equal(Token, scene.Site.Get(scene.Recovered()).OtherConfig["api-token"]);
        Assert.Empty(ClosedSecret.Of(scene.Site.Daemon.Services.State));
    }

    [Fact]
    public async Task Each_recipient_opens_the_export_with_a_passphrase_of_their_own_also_after_the_key_was_changed()
    {
        await using var scene = await OpenAsync();
        await using var third = await TestSite.OpenAsync();
        var toOne = await ExportAsync(scene.Primary, "one", Passphrase);
        var before = await scene.Primary.Client.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
            "pool.get_keys", Pool(scene.Primary));
        Assert.Contains("one (", Assert.Single(before)["exported-to"], StringComparison.Ordinal);

        var rotated = await scene.Primary.Client.CallAsync<string>("pool.rotate_key", Pool(scene.Primary));
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(scene.Vm, v => v with { OtherConfig = v.OtherConfig.SetItem("api-token", Later) }), TestSite.Cancel);
        var toTwo = await ExportAsync(scene.Primary, "two", "a passphrase of their own");
        Assert.All(Closed(Volume(scene)), c => Assert.Equal(rotated, c.KeyId));

        // Two pools' keys, and both of one pool's, side by side.
        await ImportAsync(third, await ExportAsync(scene.Site));
        Assert.Equal("INVALID_VALUE", (await third.Client.FailAsync("pool.import_key", Pool(third), toTwo, Passphrase))[0]);
        await ImportAsync(third, toTwo, "a passphrase of their own");
        await ImportAsync(third, toOne);
        Assert.Equal(4, third.Daemon.Services.Keys.Held.Keys.Length);
        var state = third.Daemon.Services.KeyRing.Open(Volume(scene));
        Assert.Empty(ClosedSecret.Of(state));

        // The pool itself opens at its next start what either key sealed.
        await scene.Primary.Daemon.DisposeAsync();
        await scene.Primary.StartAsync();
        Assert.Empty(ClosedSecret.Of(scene.Primary.Daemon.Services.State));
        Assert.Equal(Later, scene.Primary.Get(scene.Vm).OtherConfig["api-token"]);
    }

    [Fact]
    public async Task What_a_genuine_xapi_needs_is_in_clear_only_while_the_pool_says_so()
    {
        await using var scene = await OpenAsync();
        await scene.Primary.Client.CallAsync("pool.add_to_other_config", Pool(scene.Primary), SealingPolicy.ClearForXapi, "true");
        await Patience.UntilAsync(() => Volume(scene).All<SecretRecord>().Single().Record.Value == Value, "the secret is in clear");
        var clear = Volume(scene);
        Assert.Contains(clear.All<PbdRecord>(), p => p.Record.DeviceConfig.GetValueOrDefault("chappassword") == Chap);
        Assert.True(SealedText.Is(clear.All<VmRecord>().Single(v => v.Record.NameLabel == "one").Record.OtherConfig["api-token"]));

        await scene.Primary.Client.CallAsync("pool.remove_from_other_config", Pool(scene.Primary), SealingPolicy.ClearForXapi);
        await Patience.UntilAsync(
            () => SealedText.Is(Volume(scene).All<SecretRecord>().Single().Record.Value), "the secret is sealed again");

        // Both halves of each copy, one after the other.
        await Patience.UntilAsync(async () => (await FindAsync("CLEAR-", scene.Primary.Root)).Length == 0, "no copy has it in clear");
    }

    [Fact]
    public async Task A_journal_from_before_is_read_and_sealed_at_the_first_start()
    {
        await using var scene = await OpenAsync();
        await WriteInClearAsync(scene.Primary, scene.Primary.Daemon.Services.State);
        File.Delete(Path.Combine(scene.Primary.Root, "data", "pool-keys.json"));
        File.Delete(Path.Combine(scene.Primary.Root, "data", "kept.json"));
        await scene.Primary.StartAsync();
        AssertClear(scene.Primary.Daemon.Services.State);
        await RequireNoneAsync(scene.Primary);
    }

    [Fact]
    public async Task A_copy_that_can_not_be_sealed_anew_is_told_and_holds_up_neither_the_others_nor_a_start()
    {
        await using var scene = await OpenAsync();
        var (site, volume) = (scene.Primary, VolumePath(scene));
        File.SetUnixFileMode(volume, UnixFileMode.UserRead);
        await site.Client.CallAsync("pool.add_to_other_config", Pool(site), SealingPolicy.ClearForXapi, "true");
        await Patience.UntilAsync(() => Told(site).Any(), "it is told");
        Assert.All(Told(site), m => Assert.Contains(volume, m.Body, StringComparison.Ordinal));
        await site.Client.CallAsync("pool.remove_from_other_config", Pool(site), SealingPolicy.ClearForXapi);

        // The pool's own journal has two halves too, and both are sealed again although the other copy can't be.
        var path = Path.Combine(site.Root, "data", "pool.journal");
        await Patience.UntilAsync(async () => (await FindAsync("CLEAR-", path)).Length == 0, "the pool's own journal has nothing in clear");
        Assert.Contains(volume, string.Join(' ', await site.Client.FailAsync("pool.rotate_key", Pool(site))), StringComparison.Ordinal);

        var (before, state) = (Told(site).Count(), site.Daemon.Services.State);
        await WriteInClearAsync(site, state);
        await site.StartAsync();
        AssertClear(site.Daemon.Services.State);
        Assert.True(Told(site).Count() > before);
        await Patience.UntilAsync(async () => (await FindAsync("CLEAR-", path)).Length == 0, "the pool's own journal has nothing in clear");
    }

    [Fact]
    public async Task A_directory_that_was_lost_comes_back_from_the_storage_and_says_which_key_it_lacks()
    {
        await using var scene = await OpenAsync();
        var export = await ExportAsync(scene.Primary);
        var id = scene.Primary.Daemon.Services.KeyRing.Own.Id;
        scene.Mirror();
        var path = Assert.Single(Directory.EnumerateFiles(scene.CopyPath, "*.raw", SearchOption.AllDirectories), MetadataVolume.IsOne);
        await using var again = await TestSite.OpenAsync(config => config with { RestoreFrom = path });
        var note = Assert.Single(again.Daemon.Notes, n => n.Contains("pool-key-import", StringComparison.Ordinal));
        Assert.Contains(id, note, StringComparison.Ordinal);
        await ImportAsync(again, export);
        AssertClear(again.Daemon.Services.State);

        // Its own key of before is as good as one of its own, and goes with the next export.
        Assert.Equal(
            "before",
            (await again.Client.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>("pool.get_keys", Pool(again)))
                .Single(k => k["id"] == id)["use"]);
    }

    [Fact]
    public async Task What_has_been_changed_is_not_opened_and_not_lost()
    {
        await using var scene = await OpenAsync();
        var (ring, dump) = (scene.Primary.Daemon.Services.KeyRing, StateDump.ToDump(scene.Primary.Daemon.Services.State, scene.Primary.Daemon.Services.KeyRing));
        var state = StateDump.FromDump(dump);
        var (reference, vm) = state.All<VmRecord>().Single(v => v.Record.NameLabel == "one");
        var text = vm.OtherConfig["api-token"];
        foreach (var damaged in Enumerable.Range(SealedText.Prefix.Length, text.Length - SealedText.Prefix.Length)
            .Select(at => text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..]))
        {
            var record = (VmRecord)ring.Open(vm with { OtherConfig = vm.OtherConfig.SetItem("api-token", damaged) });
            Assert.Equal(damaged, record.OtherConfig["api-token"]);
            Assert.Equal($"http://proxy:{Share}@proxy/", record.OtherConfig["proxy"]);
        }

        // A value moved to where others may read it.
        var moved = (VmRecord)ring.Open(vm with { OtherConfig = vm.OtherConfig.SetItem("description", text) });
        Assert.Equal(text, moved.OtherConfig["description"]);
        Assert.Equal(Token, moved.OtherConfig["api-token"]);

        // Written again as it came.
        var kept = vm with { OtherConfig = vm.OtherConfig.SetItem("api-token", text[..^4] + "AAA=") };
        Assert.Equal(kept.OtherConfig["api-token"], ((VmRecord)ring.Seal(ring.Open(kept), default)).OtherConfig["api-token"]);
        Assert.False(reference.IsNull);
    }

    [Fact]
    public async Task A_backup_goes_into_another_pool_with_its_secrets_if_the_key_is_there()
    {
        await using var scene = await OpenAsync();
        using var dump = new MemoryStream();
        DumpWriter.Write(StateDump.ToDump(scene.Primary.Daemon.Services.State, scene.Primary.Daemon.Services.KeyRing), dump);
        RequireNone(dump.ToArray(), "the dump");
        await ImportAsync(scene.Site, await ExportAsync(scene.Primary));
        dump.Position = 0;
        await scene.Site.Daemon.Restore.RunAsync(dump, dryRun: false, TestSite.Cancel);
        Assert.Equal(Token, scene.Site.Get(scene.Recovered()).OtherConfig["api-token"]);
        Assert.Equal(Value, scene.Site.All<SecretRecord>().Single().Value);
    }

    [Fact]
    public async Task What_a_TPM_keeps_is_sealed_only_where_the_pool_says_so_and_then_no_empty_one_takes_its_place()
    {
        await using var scene = await OpenAsync();
        await scene.Primary.Client.CallAsync("VTPM.create", scene.Vm, false);
        byte[] state = [2, 1, 0, 10, 0, 0, 0, 0, 0, 14, 1, 2, 3, 4];
        Assert.True(TpmContents.IsState(state));
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => VirtualTpms.Keep(tx, scene.Vm, TpmContents.Encode(state)), TestSite.Cancel);
        Assert.Equal(TpmContentsState.Kept, Tpm(Volume(scene), scene.Vm));
        await scene.Primary.Client.CallAsync("pool.add_to_other_config", Pool(scene.Primary), SealingPolicy.SealTpms, "true");
        await Patience.UntilAsync(() => Tpm(Volume(scene), scene.Vm) == TpmContentsState.Sealed, "what the TPM keeps is sealed");

        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        var vm = scene.Recovered();
        Assert.Contains("pool-key-import", (await scene.Site.Client.FailAsync("VM.start", vm, false, false))[1], StringComparison.Ordinal);
        Assert.Equal(TpmContentsState.Sealed, Tpm(scene.Site.Daemon.Services.State, vm));
        await ImportAsync(scene.Site, await ExportAsync(scene.Primary));
        Assert.Equal(TpmContentsState.Kept, Tpm(scene.Site.Daemon.Services.State, vm));
        await scene.Site.Client.CallAsync("VM.start", vm, false, false);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("[1,2]")]
    [InlineData("{\"format\":\"redoubt-pool-key\",\"version\":1,\"pool\":\"p\",\"pool_name\":\"n\",\"recipient\":\"r\",\"made\":\"m\",\"kdf\":\"PBKDF2-HMAC-SHA512\",\"iterations\":2147483647,\"salt\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"nonce\":\"AAAAAAAAAAAAAAAA\",\"sealed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}")]
    [InlineData("{\"format\":\"redoubt-pool-key\",\"version\":2,\"pool\":\"p\",\"pool_name\":\"n\",\"recipient\":\"r\",\"made\":\"m\",\"kdf\":\"scrypt\",\"iterations\":1,\"salt\":\"AA==\",\"nonce\":\"AA==\",\"sealed\":\"AA==\"}")]
    public async Task What_is_no_export_is_refused(string text)
    {
        await using var site = await TestSite.OpenAsync();
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("pool.import_key", Pool(site), text, Passphrase))[0]);
        Assert.Single(site.Daemon.Services.Keys.Held.Keys);
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("pool.export_key", Pool(site), "somebody", "short"))[0]);
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("pool.export_key", Pool(site), " ", Passphrase))[0]);
    }

    [Fact]
    public async Task The_keys_are_the_daemons_own_and_missed_when_they_have_gone()
    {
        await using var site = await TestSite.OpenAsync();
        var path = Path.Combine(site.Root, "data", "pool-keys.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await site.Daemon.DisposeAsync();
        File.Move(path, path + ".away");
        var missing = await Assert.ThrowsAsync<InvalidDataException>(site.StartAsync);
        Assert.Contains("pool-keys.json", missing.Message, StringComparison.Ordinal);
        Assert.Contains("--without pool-keys.json", missing.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, "{}", TestSite.Cancel);
        Assert.Contains("garbled", (await Assert.ThrowsAsync<InvalidDataException>(site.StartAsync)).Message, StringComparison.Ordinal);
        File.Move(path + ".away", path, overwrite: true);
        await site.StartAsync();
    }

    private static async Task<RecoveryScene> OpenAsync()
    {
        var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                tx.Create(new SecretRecord { Value = Value });
                var pbd = tx.State.Get(scene.Sr).Pbds.Single();
                tx.Update(
                    pbd,
                    p => p with
                    {
                        DeviceConfig = p.DeviceConfig.SetItem("chappassword", Chap).SetItem("options", $"username=u,password={Share}"),
                    });
                tx.Update(
                    scene.Vm,
                    v => v with
                    {
                        OtherConfig = v.OtherConfig.SetItem("api-token", Token).SetItem("proxy", $"http://proxy:{Share}@proxy/"),
                    });
                tx.Update(tx.State.Get(scene.Vm).Vbds.Single(), b => b with { OtherConfig = b.OtherConfig.SetItem("luks_key", Drive) });
                tx.Update(scene.Sr, s => s with { SmConfig = s.SmConfig.SetItem("cephx_key", Chap) });
            },
            TestSite.Cancel);
        await scene.Primary.Client.CallAsync("SR.enable_database_replication", scene.Sr);
        return scene;
    }

    // As a version did that sealed nothing.
    private static async Task WriteInClearAsync(TestSite site, DatabaseState state)
    {
        await site.Daemon.DisposeAsync();
        var path = Path.Combine(site.Root, "data", "pool.journal");
        await using (var old = await PoolDatabase.OpenAsync(state, new LiveJournal("local", path, null, TimeProvider.System), TimeProvider.System, Guid.NewGuid))
        {
            await old.FlushWholeAsync(TestSite.Cancel);
        }

        Assert.Contains(path, await FindAsync(Chap, path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_secret_of_a_connection_stays_with_a_configuration_that_still_names_it()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.Client.CallAsync<Ref<SrRecord>>(
            "SR.introduce", Guid.NewGuid().ToString(), "sr", "", "file", "", true, TestSite.Map());
        var pbd = await site.Client.CallAsync<Ref<PbdRecord>>(
            "PBD.create", new PbdRecord { Host = site.Host, Sr = sr, DeviceConfig = TestSite.Map(("monitors", "one"), ("key", Value)) });
        var config = site.All<PbdRecord>().Single().DeviceConfig;
        await site.Client.CallAsync("PBD.set_device_config", pbd, config.SetItem("monitors", "one,two"));
        var secret = Assert.Single(site.All<SecretRecord>());
        Assert.Equal((Value, config["key_secret"]), (secret.Value, secret.Uuid));

        await site.Client.CallAsync("PBD.set_device_config", pbd, TestSite.Map(("monitors", "one")));
        Assert.Empty(site.All<SecretRecord>());
    }

    private static IEnumerable<MessageRecord> Told(TestSite site) =>
        site.All<MessageRecord>().Where(m => m.Name == "METADATA_SECRETS_NOT_REWRITTEN");

    private static Task ChangeAsync(RecoveryScene scene) => scene.Primary.Daemon.Services.Database.WriteAsync(
        tx => tx.Update(scene.Vm, v => v with { OtherConfig = v.OtherConfig.SetItem("api-token", Later) }), TestSite.Cancel);

    private static void AssertClear(DatabaseState state)
    {
        Assert.Empty(ClosedSecret.Of(state));
        Assert.Equal(Value, state.All<SecretRecord>().Single().Record.Value);
        Assert.Contains(state.All<PbdRecord>(), p => p.Record.DeviceConfig.GetValueOrDefault("chappassword") == Chap);
        Assert.Contains(state.All<VbdRecord>(), b => b.Record.OtherConfig.GetValueOrDefault("luks_key") == Drive);
    }

    /// <summary>Stops the daemon, looks at all that it has written, and starts it again.</summary>
    private static async Task RequireNoneAsync(TestSite site)
    {
        await site.Daemon.DisposeAsync();
        var found = await FindAsync("CLEAR-", site.Root);
        await site.StartAsync();
        Assert.Empty(found);
    }

    // The volumes are long and nearly empty; grep goes over what isn't there.
    private static async Task<string> FindAsync(string text, string place)
    {
        using var search = Process.Start(
            new ProcessStartInfo("grep", ["-rlF", text, place]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var found = await search.StandardOutput.ReadToEndAsync(TestSite.Cancel);
        await search.WaitForExitAsync(TestSite.Cancel);
        Assert.InRange(search.ExitCode, 0, 1);
        return found;
    }

    private static TpmContentsState Tpm(DatabaseState state, Ref<VmRecord> vm) =>
        VirtualTpms.StateOf(state, VirtualTpms.Of(state, state.Get(vm))!);

    private static void RequireNone(byte[] content, string what)
    {
        foreach (var secret in All)
        {
            Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{what} has {secret}");
        }
    }

    private static string VolumePath(RecoveryScene scene) => Assert.Single(
        Directory.EnumerateFiles(Path.Combine(scene.Primary.Root, "sr"), "*.raw", SearchOption.AllDirectories), MetadataVolume.IsOne);

    private static DatabaseState Volume(RecoveryScene scene) => ((MetadataVolume.Readable)MetadataVolume.Read(VolumePath(scene))).State;

    private static List<ClosedSecret> Closed(DatabaseState state) => [.. ClosedSecret.Of(state)];

    private static Ref<PoolRecord> Pool(TestSite site) => site.Daemon.Services.Pool;

    private static Task<string> ExportAsync(TestSite site, string recipient = "the other site", string passphrase = Passphrase) =>
        site.Client.CallAsync<string>("pool.export_key", Pool(site), recipient, passphrase);

    private static Task ImportAsync(TestSite site, string text, string passphrase = Passphrase) =>
        site.Client.CallAsync("pool.import_key", Pool(site), text, passphrase);
}
