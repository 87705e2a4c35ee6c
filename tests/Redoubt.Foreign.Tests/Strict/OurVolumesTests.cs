using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>What a pool of ours leaves on storage, held against every demand of genuine xapi's reader.</summary>
public sealed class OurVolumesTests
{
    private const string Awkward = "100% \"web\" 'é中😀' <&> \\ one  two\ttab";

    [Fact]
    public async Task What_a_session_of_changes_leaves_opens_in_xapi()
    {
        var schema = new XapiSchema();
        await using var site = await Site.OpenAsync(Awkward);
        var client = site.Client;
        var sr = await client.CallAsync<Ref<SrRecord>>(
            "SR.create", site.Host, Site.Map(("location", site.Storage)), 0L, Awkward, "", "file", "user", true,
            Site.Map(("a 'b'", "c\\d")));
        await client.CallAsync("SR.enable_database_replication", sr);
        var path = Directory.EnumerateFiles(site.Storage, "*.raw", SearchOption.AllDirectories).Single();
        var (first, _) = Check(site, schema, path);

        var vm = await ChangeAsync(site, sr);
        var (changed, database) = Check(site, schema, path);
        Assert.Equal(first.Half, changed.Half);
        Assert.True(changed.Deltas.Count > first.Deltas.Count + 10, $"{changed.Deltas.Count} deltas");
        Assert.Equal(
            [.. new[] { "CreateRow", "DeleteRow", "WriteFiel" }],
            changed.Deltas.Select(d => d.Text[..9]).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(Awkward + "\nline", database.Tables["VM"][vm.Opaque]["name__label"]);

        await client.CallAsync("pool.sync_database");
        var (flushed, _) = Check(site, schema, path);
        Assert.NotEqual(changed.Half, flushed.Half);
        Assert.NotEqual(changed.Marker, flushed.Marker);
        Assert.True(flushed.DatabaseGeneration >= changed.Deltas[^1].Generation);

        await client.CallAsync("VM.destroy", vm);
        Check(site, schema, path);
        await site.Daemon.DisposeAsync();
        await site.StartAsync(Awkward);
        var (restarted, _) = Check(site, schema, path);
        Assert.True(restarted.DatabaseGeneration >= flushed.DatabaseGeneration);
        await site.Client.CallAsync("network.create", new NetworkRecord { NameLabel = "after the restart" });
        Check(site, schema, path);
    }

    [Fact]
    public async Task A_VM_recovered_from_an_older_pool_is_written_as_xapi_writes_it()
    {
        var schema = new XapiSchema();
        await using var site = await Site.OpenAsync();
        var xml = new DumpXml(SharedFiles.OldDump("boston-two-vapps.xml"));
        var row = xml.Rows("VM").First(
            r => DumpXml.Value(r, "is_a_template") == "false" && DumpXml.Value(r, "is_control_domain") == "false"
                && DumpXml.Value(r, "appliance") != RefText.Null);
        var volume = new XapiVolume();
        volume.Database(await File.ReadAllBytesAsync(SharedFiles.OldDump("boston-two-vapps.xml"), Site.Cancel), xml.Generation);
        var vm = DumpXml.Ref(row);
        volume.Delta(XapiVolume.Write("VM", vm, "appliance", RefText.Null), xml.Generation + 1);
        var generation = xml.Generation + 2;
        foreach (var vbd in xml.Rows("VBD").Where(b => DumpXml.Value(b, "VM") == vm && DumpXml.Value(b, "type") == "Disk"))
        {
            volume.Delta(XapiVolume.Delete("VBD", DumpXml.Ref(vbd)), generation++);
        }

        volume.Delta(XapiVolume.Write("VM", vm, "actions__after_crash", "ask_the_oracle"), generation);
        const string Sr = "cccccccc-0000-4000-8000-000000000001";
        const string Vdi = "cccccccc-0000-4000-8000-000000000002";
        volume.Save(Path.Combine(site.Storage, Sr, Vdi + ".raw"), 1);
        var foreign = await site.OpenForeignAsync(Sr, Vdi);
        Assert.Equal(
            "OPERATION_NOT_ALLOWED", (await foreign.FailAsync("VM.recover", new Ref<VmRecord>(vm), site.Client.Session.Ref, false))[0]);

        // xapi signs nothing, so an operator has to say that it is xapi's.
        await site.Client.CallAsync("pool.add_to_other_config", site.Daemon.Services.Pool, $"dr-accepted-volume-{Vdi}", "true");
        await foreign.CallAsync("VM.recover", new Ref<VmRecord>(vm), site.Client.Session.Ref, false);

        var own = Directory.CreateDirectory(Path.Combine(site.Root, "own")).FullName;
        var sr = await site.Client.CallAsync<Ref<SrRecord>>(
            "SR.create", site.Host, Site.Map(("location", own)), 0L, "own", "", "file", "user", true, Site.Map());
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var (_, database) = Check(site, schema, Directory.EnumerateFiles(own, "*.raw", SearchOption.AllDirectories).Single());
        Assert.Contains(database.Tables["VM"].Values, v => v["uuid"] == DumpXml.Value(row, "uuid"));
    }

    /// <summary>Reads the volume with the strict reader, and compares what comes out with what the daemon holds.</summary>
    private static (StrictVolume Volume, StrictDatabase Database) Check(Site site, XapiSchema schema, string path)
    {
        var volume = StrictVolume.Read(path);
        var database = StrictXml.Read(volume.Xml, schema);
        database.Finish(volume.DatabaseGeneration);
        foreach (var (_, bytes, _) in volume.Deltas)
        {
            database.Apply(bytes);
        }

        var state = site.Daemon.Services.State;
        foreach (var (table, (isPersistent, columns)) in schema.Tables.Where(t => t.Value.IsPersistent && DataModel.Classes.ContainsKey(t.Key)))
        {
            var model = DataModel.Classes[table];
            Assert.True(isPersistent);
            Assert.Equal(
                state.Table(model).Rows.Select(r => r.Ref).Order(StringComparer.Ordinal),
                database.Tables[table].Keys.Order(StringComparer.Ordinal));
            foreach (var row in state.Table(model).Rows)
            {
                foreach (var column in columns.Where(c => c.IsPersistent && model.FindColumn(c.Name) is not null))
                {
                    Assert.Equal(
                        ClassModel.EncodeColumn(model.FindColumn(column.Name)!, row.Record), database.Tables[table][row.Ref][column.Name]);
                }
            }
        }

        return (volume, database);
    }

    private static async Task<Ref<VmRecord>> ChangeAsync(Site site, Ref<SrRecord> sr)
    {
        const long memory = 64 << 20;
        var client = site.Client;
        var network = await client.CallAsync<Ref<NetworkRecord>>("network.create", new NetworkRecord { NameLabel = Awkward });
        var record = new VmRecord
        {
            NameLabel = Awkward,
            MemoryStaticMin = memory,
            MemoryDynamicMin = memory,
            MemoryDynamicMax = memory,
            MemoryStaticMax = memory,
            VcpusMax = 1,
            VcpusAtStartup = 1,
        };
        var vm = await client.CallAsync<Ref<VmRecord>>("VM.create", record);
        var vdi = await client.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { NameLabel = Awkward, Sr = sr, VirtualSize = 1 << 20, Type = VdiType.User });
        await client.CallAsync(
            "VBD.create", new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true });
        await client.CallAsync("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0" });
        var appliance = await client.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", new VmApplianceRecord { NameLabel = Awkward });
        await client.CallAsync("VM.set_appliance", vm, appliance);
        await client.CallAsync("VM.set_order", vm, 3L);
        await client.CallAsync("VM.set_name_label", vm, Awkward + "\nline");
        await client.CallAsync("VM.add_to_other_config", vm, Awkward, Awkward);
        await client.CallAsync("VM.set_tags", vm, ImmutableList.Create("it's", "a \\ b", "%."));
        var gone = await client.CallAsync<Ref<NetworkRecord>>("network.create", new NetworkRecord { NameLabel = "gone" });
        await client.CallAsync("network.destroy", gone);
        return vm;
    }
}
