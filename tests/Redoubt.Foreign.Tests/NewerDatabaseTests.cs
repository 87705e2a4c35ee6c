using System.Xml.Linq;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests;

/// <summary>A database of a version that does not exist yet, served over the wire.</summary>
public sealed class NewerDatabaseTests : IDisposable
{
    private const string Sr = "bbbbbbbb-0000-4000-8000-000000000001";
    private const string Vdi = "bbbbbbbb-0000-4000-8000-000000000002";
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-newer-").FullName;

    [Fact]
    public async Task Rule23_unknown_tables_columns_and_names_do_not_keep_the_rest_from_being_read()
    {
        var vm = WriteVolume();
        await using var server = await StartAsync();
        await using var api = new XenApiClient(new Uri(server.Urls[0]));
        await api.LoginAsync("root", server.GeneratedPassword!, Site.Cancel);
        await api.CallAsync("DR_task.create", ["file", Site.Map(("location", Path.Combine(_root, "storage"))), new[] { Sr }], Site.Cancel);
        var vdi = await api.CallAsync<Ref<VdiRecord>>("VDI.get_by_uuid", [Vdi], Site.Cancel);
        var foreign = api.WithSession(await api.CallAsync<Ref<SessionRecord>>("VDI.open_database", [vdi], Site.Cancel));

        var all = (WireStruct)await foreign.CallRawAsync("VM.get_all_records", [], Site.Cancel);
        var record = (WireStruct)all[vm]!;
        Assert.Equal("Hibernated", ((WireString)record["power_state"]!).Value);
        Assert.Equal(
            ["warp_host", "restart_device_model"], ((WireArray)record["pending_guidances"]!).Items.Select(i => ((WireString)i).Value));
        Assert.Equal("never", ((WireString)((WireStruct)record["blocked_operations"]!)["warp"]!).Value);
        Assert.Null(record["from_the_future"]);
        Assert.Equal("Hibernated", ((WireString)await foreign.CallRawAsync("VM.get_power_state", [vm], Site.Cancel)).Value);
        var where = (WireStruct)await foreign.CallRawAsync(
            "VM.get_all_records_where", ["field \"power_state\" = \"Hibernated\""], Site.Cancel);
        Assert.NotNull(where[vm]);
        Assert.Equal(all.Members.Count - 1, ((WireStruct)await foreign.CallRawAsync("VM.get_all_records_where", ["not field \"power_state\" = \"Hibernated\""], Site.Cancel)).Members.Count);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string WriteVolume()
    {
        var document = XDocument.Load(SharedFiles.Genuine("pool-dump.xml"));
        document.Descendants("pair").Single(p => (string?)p.Attribute("key") == "schema_minor_vsn").SetAttributeValue("value", "999");
        var row = document.Descendants("table").Single(t => (string?)t.Attribute("name") == "VM").Elements("row")
            .First(r => (string?)r.Attribute("is_control_domain") == "false");
        row.SetAttributeValue("power_state", "Hibernated");
        row.SetAttributeValue("pending_guidances", "('warp_host'%.'restart_device_model')");
        row.SetAttributeValue("blocked_operations", "(('warp'%.'never'))");
        row.SetAttributeValue("from__the__future", "yes");
        document.Root!.Add(
            new XElement(
                "table", new XAttribute("name", "Hyperdrive"),
                new XElement("row", new XAttribute("ref", "OpaqueRef:h"), new XAttribute("speed", "9"))));
        var bytes = new MemoryStream();
        document.Save(bytes, SaveOptions.DisableFormatting);
        var volume = new XapiVolume();
        volume.Database(bytes.ToArray().AsSpan().StartsWith<byte>([0xef, 0xbb, 0xbf]) ? bytes.ToArray()[3..] : bytes.ToArray(), 2000);
        volume.Delta(XapiVolume.Write("Hyperdrive", "OpaqueRef:h", "speed", "10"), 2001);
        volume.Save(Path.Combine(_root, "storage", Sr, Vdi + ".raw"), 2);
        return row.Attribute("ref")!.Value;
    }

    private Task<PoolServer> StartAsync()
    {
        Directory.CreateDirectory(Path.Combine(_root, "data"));
        return PoolServer.StartAsync(
            new ServeConfig
            {
                DataDirectory = Path.Combine(_root, "data"),
                ListenUrls = ["http://127.0.0.1:0"],
                HypervisorUri = "test:///default",
            },
            TimeProvider.System,
            Site.Cancel);
    }
}
