using System.Xml.Linq;
using Redoubt.Database.Archive;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests.Archive;

/// <summary>The archive that a genuine xapi wrote: read, and held against ours, part by part.</summary>
public sealed class GenuineArchiveTests
{
    [Fact]
    public void A_genuine_archive_is_read_with_all_that_belongs_to_its_VM()
    {
        using var file = Open();
        var archive = ArchiveReader.Read(file);
        Assert.Equal("XenServer 8.4.0 on localhost", archive.Origin);
        var state = VmArchive.Open([archive]);
        var vm = state.Get(Assert.Single(VmArchive.Vms(state)));
        Assert.Equal(
            ("e23ad267-25b7-02c3-62d0-5bc66224e371", "db", "changed after replication: it's", 268435456L),
            (vm.Uuid, vm.NameLabel, vm.NameDescription, vm.MemoryStaticMax));
        Assert.Equal("v<&>\"  two  spaces", vm.OtherConfig["k'1"]);
        Assert.Equal(["dr", "a b"], vm.Tags);
        Assert.True(vm.GuestMetrics.IsNull || state.Find(vm.GuestMetrics) is null);
        var vdi = state.Get(state.Get(Assert.Single(vm.Vbds)).Vdi);
        Assert.Equal(("db-disk", 67108864L, "lvmoiscsi"), (vdi.NameLabel, vdi.VirtualSize, state.Get(vdi.Sr).Type));
        var vif = state.Get(Assert.Single(vm.Vifs));
        Assert.Equal(("c6:b3:0d:5e:65:90", "app-net"), (vif.Mac, state.Get(vif.Network).NameLabel));
        Assert.Equal("OpaqueRef:cf883b0e-4976-9b5c-7572-7630da83ae2f", vm.Appliance.Opaque);
    }

    [Fact]
    public void What_we_write_of_the_same_pool_has_the_form_that_xapi_gave_it()
    {
        // The same VM of the same pool: its database as xapi dumped it, exported by us.
        var state = StateDump.FromDump(DumpReader.ReadFile(SharedFiles.Genuine("pool-dump.xml")));
        var vm = state.FindByUuid<VmRecord>("e23ad267-25b7-02c3-62d0-5bc66224e371");
        Assert.False(vm.IsNull);
        using var written = new MemoryStream();
        ArchiveWriter.Write(state, [vm], new ArchiveOptions(), DateTimeOffset.UnixEpoch, written, new MemoryStream());
        using var file = Open();
        var genuine = new MemoryStream();
        file.CopyTo(genuine);
        var (theirHead, theirs) = Take(genuine.ToArray());
        var (ourHead, ours) = Take(written.ToArray());

        // Of the header only size (124) and checksum (148) may differ.
        Assert.Equal(theirHead[..124], ourHead[..124]);
        Assert.Equal(theirHead[136..148], ourHead[136..148]);
        Assert.Equal(theirHead[156..], ourHead[156..]);
        var (wanted, found) = (Shape(theirs), Shape(ours));
        Assert.Equal(wanted.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        foreach (var (path, type) in wanted)
        {
            Assert.True(type == found[path], $"{path}: {type} there, {found[path]} here");
        }

        // And the values, but for references, whose ids are chance.
        Assert.Equal(Values(theirs), Values(ours));
    }

    [Fact]
    public void What_we_write_reads_back_with_snapshots_and_suspended_state()
    {
        var state = StateDump.FromDump(DumpReader.ReadFile(SharedFiles.OldDump("tampa-snapshots.xml")));
        var vms = state.All<VmRecord>().Where(v => !v.Record.IsASnapshot && !v.Record.IsControlDomain && !v.Record.IsATemplate)
            .Select(v => v.Ref).ToList();
        Assert.Contains(vms, v => !state.Get(v).Snapshots.IsEmpty);
        using var written = new MemoryStream();
        ArchiveWriter.Write(state, vms, new ArchiveOptions(), DateTimeOffset.UnixEpoch, written, new MemoryStream());
        written.Position = 0;
        var read = VmArchive.Open([ArchiveReader.Read(written)]);
        Assert.Equal(
            vms.Select(v => state.Get(v).Uuid).Order(StringComparer.Ordinal),
            VmArchive.Vms(read).Select(v => read.Get(v).Uuid).Order(StringComparer.Ordinal));
        foreach (var before in vms.Select(state.Get))
        {
            var after = read.Get(read.FindByUuid<VmRecord>(before.Uuid));
            Assert.Equal(
                (before.NameLabel, before.PowerState, before.MemoryStaticMax), (after.NameLabel, after.PowerState, after.MemoryStaticMax));
            Assert.Equal(
                before.Snapshots.Select(state.Find).OfType<VmRecord>().Select(s => s.Uuid).Order(StringComparer.Ordinal),
                after.Snapshots.Select(read.Get).Select(s => s.Uuid).Order(StringComparer.Ordinal));
            Assert.Equal(
                before.Vbds.Select(state.Get).Select(b => (b.Uuid, state.Find(b.Vdi)?.Location)).Order(),
                after.Vbds.Select(read.Get).Select(b => (b.Uuid, read.Find(b.Vdi)?.Location)).Order());
        }
    }

    private static FileStream Open() => new(SharedFiles.Genuine("vm-metadata-export.xva"), FileMode.Open, FileAccess.Read);

    /// <summary>A reader of its own: header, then the XML of the length that the header says, then nothing but zeros.</summary>
    private static (byte[] Head, XElement Root) Take(byte[] archive)
    {
        var length = Convert.ToInt32(System.Text.Encoding.ASCII.GetString(archive, 124, 11), 8);
        var root = XElement.Parse(System.Text.Encoding.UTF8.GetString(archive, 512, length), LoadOptions.PreserveWhitespace);
        var end = 512 + length;
        Assert.Equal(0, archive.Length % 512);
        Assert.InRange(archive.Length - end, 1024, 1024 + 511);
        Assert.All(archive[end..], b => Assert.Equal(0, b));
        return (archive[..512], root);
    }

    /// <summary>Each member's path, with objects by their class, and the XML-RPC type that stands there.</summary>
    private static SortedDictionary<string, string> Shape(XElement value)
    {
        var shape = new SortedDictionary<string, string>(StringComparer.Ordinal);
        void Walk(string path, XElement at)
        {
            var typed = at.Elements().SingleOrDefault();
            shape[path] = typed?.Name.LocalName ?? "text";
            var isMap = path.Split('/') is [.., "snapshot", var field] && field is "other_config" or "platform" or "HVM_boot_params";
            if (typed?.Name.LocalName == "struct" && !isMap)
            {
                foreach (var member in typed.Elements("member"))
                {
                    Walk($"{path}/{member.Element("name")!.Value}", member.Element("value")!);
                }
            }
        }

        foreach (var member in value.Element("struct")!.Elements("member"))
        {
            var (name, content) = (member.Element("name")!.Value, member.Element("value")!);
            if (name != "objects")
            {
                Walk(name, content);
                continue;
            }

            foreach (var item in content.Descendants("data").First().Elements("value"))
            {
                Walk("objects/" + Member(item, "class"), item);
            }
        }

        return shape;
    }

    private static List<string> Values(XElement value) =>
    [
        .. value.Descendants("member").Where(m => m.Element("name")!.Value == "snapshot")
            .SelectMany(snapshot => snapshot.Element("value")!.Element("struct")!.Elements("member")
                .Select(m => $"{Member(snapshot.Parent!.Parent!, "class")}.{m.Element("name")!.Value} = {Text(m.Element("value")!)}"))
            .Where(v => !v.Contains("Ref:", StringComparison.Ordinal))
            .Where(v => !Changed.Any(c => v.StartsWith(c + " =", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal),
    ];

    // The pool went on between the two: what a dump of another moment, without volatile columns, can't have alike.
    private static readonly string[] Changed = ["SR.virtual_allocation", "SR.physical_utilisation", "network.bridge"];

    // The order of a map's members means nothing.
    private static string Text(XElement value) => value.Element("struct") is { } map
        ? string.Concat(map.Elements("member").Select(m => m.ToString(SaveOptions.DisableFormatting)).Order(StringComparer.Ordinal))
        : value.ToString(SaveOptions.DisableFormatting);

    private static string Member(XElement value, string name) =>
        value.Element("struct")!.Elements("member").Single(m => m.Element("name")!.Value == name).Element("value")!.Value;
}
