using System.Collections.Immutable;
using System.IO.Compression;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests;

/// <summary>Databases of every age, on a metadata volume that xapi might have written, opened and read as a recovery does.</summary>
public sealed class OldDatabaseTests
{
    private const string Sr = "aaaaaaaa-0000-4000-8000-000000000001";
    private const string Vdi = "aaaaaaaa-0000-4000-8000-000000000002";
    private const string Made = "OpaqueRef:aaaaaaaa-0000-4000-8000-000000000003";

    public static TheoryData<string, int, bool> Volumes
    {
        get
        {
            var cases = new TheoryData<string, int, bool>();
            foreach (var (name, i) in SharedFiles.OldDumps.Select((n, i) => (n, i)))
            {
                // As it was dumped then, and with white space protected as xapi does since 2017; each half at least once for each.
                cases.Add(name, 1 + (i % 2), false);
                cases.Add(name, 2 - (i % 2), true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Volumes))]
    public async Task An_old_database_opens_and_every_getter_list_and_check_answers(string name, int half, bool isProtected)
    {
        var xml = new DumpXml(SharedFiles.OldDump(name));
        await using var site = await Site.OpenAsync();
        var renamed = DumpXml.Ref(xml.Rows("VM").First());
        var network = xml.Rows("network").First();
        var gone = DumpXml.Ref(xml.Rows("VBD").First());
        var last = Wrap(site, name, half, isProtected, renamed, network, gone);

        var foreign = await site.OpenForeignAsync(Sr, Vdi);
        var state = foreign.Session.Foreign!;

        Assert.Equal(last, state.Generation);
        await EveryGetterAnswersAsync(foreign, xml, gone);
        Assert.Equal("renamed 100% by \"a\" delta é中😀", await foreign.CallAsync<string>("VM.get_name_label", new Ref<VmRecord>(renamed)));
        Assert.Equal("300", await foreign.CallAsync<string>("VM.get_name_description", new Ref<VmRecord>(renamed)));
        Assert.Equal("made by a delta", await foreign.CallAsync<string>("network.get_name_label", new Ref<NetworkRecord>(Made)));
        Assert.Equal(["HANDLE_INVALID", "VBD", gone], await foreign.FailAsync("VBD.get_record", new Ref<VbdRecord>(gone)));
        Assert.Equal(
            [new Ref<VmRecord>(renamed)],
            await foreign.CallAsync<ImmutableList<Ref<VmRecord>>>("VM.get_by_name_label", "renamed 100% by \"a\" delta é中😀"));
        await ChecksAnswerAsync(site, foreign);
        OldNamesHaveTodaysMeaning(state, xml);
    }

    [Fact]
    public async Task The_genuine_volume_of_24_10_opens_and_its_vApp_can_be_checked()
    {
        await using var site = await Site.OpenAsync();
        var path = Path.Combine(site.Storage, Sr, Vdi + ".raw");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var packed = new GZipStream(File.OpenRead(SharedFiles.Genuine("metadata-vdi.raw.gz")), CompressionMode.Decompress))
        using (var file = File.Create(path))
        {
            packed.CopyTo(file);
            file.SetLength(Math.Max(file.Length, 126L << 20));
        }

        var foreign = await site.OpenForeignAsync(Sr, Vdi);
        var xml = new DumpXml(SharedFiles.Genuine("pool-dump.xml"));
        foreach (var table in new[] { "VM", "VBD", "VDI", "VIF", "SR", "PBD", "pool", "host", "VM_appliance" })
        {
            Assert.Equal(
                xml.Rows(table).Select(DumpXml.Ref).Order(StringComparer.Ordinal),
                foreign.Session.Foreign!.Table(DataModel.Classes[table]).Rows.Select(r => r.Ref).Order(StringComparer.Ordinal));
        }

        await EveryGetterAnswersAsync(foreign, xml, "");
        await ChecksAnswerAsync(site, foreign);
    }

    private static long Wrap(
        Site site, string name, int half, bool isProtected, string renamed, System.Xml.Linq.XElement network, string gone)
    {
        var path = SharedFiles.OldDump(name);
        var xml = new DumpXml(path);
        var volume = new XapiVolume();
        var bytes = File.ReadAllBytes(path);
        if (isProtected)
        {
            var written = new MemoryStream();
            DumpWriter.Write(DumpReader.ReadFile(path), written);
            bytes = written.ToArray();
        }

        var g = xml.Generation;
        volume.Database(bytes, g);
        volume.Delta(XapiVolume.Write("VM", renamed, "name__label", "renamed 100% by \"a\" delta é中😀"), g + 1);
        volume.Delta(
            XapiVolume.Create("network", Made, DumpXml.Columns(network).Reverse().Select(c => KeyValuePair.Create(c.Key, c.Key switch
            {
                "_ref" => Made,
                "uuid" => "aaaaaaaa-0000-4000-8000-000000000004",
                "name__label" => "made by a delta",
                _ => c.Value,
            }))),
            g + 4);
        volume.Delta(XapiVolume.Delete("VBD", gone), g + 9);
        for (var i = 1; i <= 300; i++)
        {
            volume.Delta(
                XapiVolume.Write("VM", renamed, "name__description", i.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                g + 9 + (2 * i));
        }

        volume.Save(Path.Combine(site.Storage, Sr, Vdi + ".raw"), half);
        return g + 609;
    }

    private static async Task EveryGetterAnswersAsync(Caller foreign, DumpXml xml, string gone)
    {
        // Roles are the same everywhere and come from the data model, whichever database a session is on.
        foreach (var model in DataModel.Classes.Values.Where(c => c.Name != "role" && c.Kind == ClassKind.Persistent && c.Messages.ContainsKey("get_all_records")))
        {
            var table = await foreign.CallAsync<RecordTable>($"{model.Name}.get_all_records");
            var rows = table.Rows.ToList();
            var expected = xml.Rows(model.Name).Select(DumpXml.Ref).Where(r => r != gone).ToList();
            Assert.Empty(expected.Except(rows.Select(r => r.Ref)));
            Assert.True(rows.Count - expected.Count <= 1, $"{model.Name}: {rows.Count} rows, {expected.Count} in the dump");
            Json(writer => rows.ForEach(r => model.WriteRecord(writer, r.Record)));
            foreach (var (reference, record) in rows.Take(3))
            {
                var self = model.RefType.ReadObject(new WireString(reference));
                foreach (var field in model.Fields.Where(f => model.Messages.ContainsKey("get_" + f.Name)))
                {
                    var got = await foreign.AnyAsync($"{model.Name}.get_{field.Name}", self);
                    Assert.Equal(got is UnrecognizedValue ? got : field.GetValue(record), got);
                }

                if (model.FindField("uuid") is { } uuid && uuid.GetValue(record) is string { Length: > 0 } id
                    && model.Messages.ContainsKey("get_by_uuid"))
                {
                    Assert.Equal(self, await foreign.AnyAsync($"{model.Name}.get_by_uuid", id));
                    var found = await foreign.CallAsync<RecordTable>($"{model.Name}.get_all_records_where", $"field \"uuid\" = \"{id}\"");
                    Assert.Equal(reference, Assert.Single(found.Rows).Ref);
                }
            }
        }
    }

    private static async Task ChecksAnswerAsync(Site site, Caller foreign)
    {
        var to = site.Client.Session.Ref;
        foreach (var (vm, record) in foreign.Session.Foreign!.All<VmRecord>()
            .Where(v => v.Record is { IsATemplate: false, IsControlDomain: false }))
        {
            var needed = await foreign.CallAsync<ImmutableList<Ref<SrRecord>>>("VM.get_SRs_required_for_recovery", vm, to);
            if (needed.IsEmpty)
            {
                await foreign.CallAsync("VM.assert_can_be_recovered", vm, to);
            }
            else
            {
                Assert.Equal(
                    ["VM_REQUIRES_SR", vm.Opaque, needed[0].Opaque], await foreign.FailAsync("VM.assert_can_be_recovered", vm, to));
            }

            Assert.All(needed, sr => Assert.NotNull(foreign.Session.Foreign!.Find(sr)));
            Assert.NotEqual("", record.Uuid);
        }
    }

    private static void OldNamesHaveTodaysMeaning(Redoubt.Database.DatabaseState state, DumpXml xml)
    {
        var isOld = state.Origin!.SchemaMinor < 63;
        foreach (var row in xml.Rows("VDI").Where(r => DumpXml.Value(r, "type") == "metadata"))
        {
            Assert.Equal(isOld ? VdiType.RedoLog : VdiType.Metadata, state.Get(new Ref<VdiRecord>(DumpXml.Ref(row))).Type);
        }

        foreach (var row in xml.Rows("VM").Where(r => DumpXml.Value(r, "ha_restart_priority") is "0" or "1" or "2" or "3"))
        {
            var vm = state.Get(new Ref<VmRecord>(DumpXml.Ref(row)));
            Assert.Equal(
                ("restart", long.Parse(DumpXml.Value(row, "ha_restart_priority"), System.Globalization.CultureInfo.InvariantCulture)),
                (vm.HaRestartPriority, vm.Order));
        }

        // What the schema of then lacked reads as today's default.
        Assert.All(state.All<VmRecord>().Where(v => v.Ref.Opaque.Length > 0), v => Assert.Equal("unspecified", VmDomain(v.Record)));
    }

    private static string VmDomain(VmRecord vm) => ClassModel.EncodeColumn(VmRecord.Declaration.FindField("domain_type")!, vm);

    private static void Json(Action<IWireWriter> write) =>
        JsonRpc.WriteResult(new MemoryStream(), RpcForm.JsonRpc2, WireNull.Instance, writer =>
        {
            writer.BeginArray();
            write(writer);
            writer.EndArray();
        });
}
