using System.Text;
using Redoubt.Database.Archive;
using Redoubt.Database.Tests.Hostile;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests.Archive;

/// <summary>Archives from anywhere are read or refused with a code of XenAPI's, and cost no more than their length.</summary>
public sealed class HostileArchiveTests
{
    private const int Tries = 800;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_mutated_archive_is_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var good = Good();
        for (var i = 0; i < Tries; i++)
        {
            Read(Breaking.Mutation.Of(good, random));

            // The checksum of the header would refuse most of what is in there; so once more with the XML alone mutated.
            Read(Tar(Breaking.Mutation.Of(good[512..^1024], random)));
        }
    }

    [Fact]
    public void Every_cut_is_noticed()
    {
        var good = Good();
        for (var length = 0; length < good.Length - 512; length += 37)
        {
            Assert.StartsWith("IMPORT_ERROR", Refusal(good[..length]).Code, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/ova.xml")]
    [InlineData("ova.xml/../x")]
    [InlineData("")]
    public void A_member_of_another_name_is_refused_and_nothing_is_written(string name)
    {
        var refused = Refusal(Tar("<value/>"u8.ToArray(), name));
        Assert.Equal("IMPORT_ERROR_UNEXPECTED_FILE", refused.Code);
        Assert.Equal(["ova.xml", name], refused.Parameters);
    }

    [Fact]
    public void An_archive_with_disks_is_refused() =>
        Assert.Equal("IMPORT_ERROR_UNEXPECTED_FILE", Refusal([.. Good()[..^1024], .. Tar([1, 2, 3], "Ref:11/00000000")]).Code);

    [Fact]
    public void A_link_a_huge_length_and_a_negative_one_are_refused()
    {
        Assert.Equal("IMPORT_ERROR", Refusal(Tar([], "ova.xml", type: (byte)'2')).Code);
        Assert.Contains("at most", Refusal(Tar([], "ova.xml", size: "77777777777")).Message, StringComparison.Ordinal);
        Assert.Equal("IMPORT_ERROR", Refusal(Tar([], "ova.xml", size: "-0000000001")).Code);
        Assert.Equal("IMPORT_ERROR", Refusal(Tar([], "ova.xml", size: "           ")).Code);
    }

    [Fact]
    public void Entities_depth_and_numbers_cost_nothing()
    {
        var entities = new StringBuilder("<?xml version=\"1.0\"?><!DOCTYPE value [<!ENTITY a0 \"lol\">");
        for (var i = 1; i < 30; i++)
        {
            entities.Append($"<!ENTITY a{i} \"&a{i - 1};&a{i - 1};&a{i - 1};\">");
        }

        string[] bombs =
        [
            entities.Append("]><value>&a29;</value>").ToString(),
            "<!DOCTYPE value SYSTEM \"file:///etc/passwd\"><value/>",
            string.Concat(Enumerable.Repeat("<value><array><data>", 100_000)),
            "<value><struct><member><name>objects</name>" + string.Concat(Enumerable.Repeat("<value><array><data>", 100_000)),
            "<value><struct><member><name>objects</name><value><array><data>" + string.Concat(
                Enumerable.Repeat("<value>1</value>", 100_000)),
            "<value" + new string(' ', 3_000_000),
            Text("VM", "Ref:1", "<member><name>uuid</name><value>../../x</value></member>"),
            Text("VM", "Ref:1", "<member><name>memory_static_max</name><value>99999999999999999999999</value></member>"),
            Text("VM", "Ref:1", "<member><name>VBDs</name><value><struct></struct></value></member>"),
        ];
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var bomb in bombs)
        {
            var refused = Refusal(Tar(Encoding.UTF8.GetBytes(bomb)));
            Assert.StartsWith("IMPORT_ERROR", refused.Code, StringComparison.Ordinal);
            Assert.DoesNotContain("root:", refused.Message, StringComparison.Ordinal);
            Assert.InRange(refused.Message.Length, 1, 2_000);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400L << 20);
    }

    [Fact]
    public void Unknown_classes_and_fields_are_passed_over_and_a_newer_form_is_refused()
    {
        var known = Text(
            "VM",
            "Ref:1",
            $"<member><name>uuid</name><value>{Guid.Empty:D}</value></member>".Replace(
                "0000-0000", "0000-0001", StringComparison.Ordinal) + "<member><name>from_the_future</name><value>x</value></member>");
        var more = known.Replace("</data>", "<value><struct><member><name>class</name><value>Quantum</value></member><member><name>id</name><value>Ref:2</value></member><member><name>snapshot</name><value><struct></struct></value></member></struct></value></data>", StringComparison.Ordinal);
        Assert.Single(VmArchive.Vms(VmArchive.Open([ArchiveReader.Read(new MemoryStream(Tar(Encoding.UTF8.GetBytes(more))))])));
        Assert.Equal(
            "IMPORT_INCOMPATIBLE_VERSION",
            Refusal(Tar(Encoding.UTF8.GetBytes(known.Replace("<value>2</value>", "<value>3</value>", StringComparison.Ordinal)))).Code);
    }

    private static string Text(string model, string id, string fields) =>
        "<value><struct><member><name>version</name><value><struct><member><name>export_vsn</name><value>2</value></member></struct></value></member>"
        + $"<member><name>objects</name><value><array><data><value><struct><member><name>class</name><value>{model}</value></member><member><name>id</name><value>{id}</value></member>"
        + $"<member><name>snapshot</name><value><struct>{fields}</struct></value></member></struct></value></data></array></value></member></struct></value>";

    private static byte[] Good()
    {
        var vm = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var network = vm.Create(new NetworkRecord { NameLabel = "net ü <&>" });
        var reference = vm.Create(new VmRecord { NameLabel = "one", NameDescription = "a  b\n\"'", Tags = ["x"] });
        vm.Create(new VifRecord { Vm = reference, Network = network, Device = "0", Mac = "02:00:00:00:00:01" });
        using var archive = new MemoryStream();
        ArchiveWriter.Write(vm.State, [reference], new ArchiveOptions(), DateTimeOffset.UnixEpoch, archive, new MemoryStream());
        return archive.ToArray();
    }

    private static void Read(byte[] bytes)
    {
        try
        {
            var state = VmArchive.Open([ArchiveReader.Read(new MemoryStream(bytes))]);
            Assert.All(VmArchive.Vms(state), v => Assert.NotEmpty(state.Get(v).Uuid));
        }
        catch (XenApiException refused)
        {
            Assert.StartsWith("IMPORT_", refused.Code, StringComparison.Ordinal);
        }
    }

    private static XenApiException Refusal(byte[] bytes) =>
        Assert.Throws<XenApiException>(() => ArchiveReader.Read(new MemoryStream(bytes)));

    /// <summary>An archive made by hand.</summary>
    private static byte[] Tar(byte[] content, string name = "ova.xml", byte type = 0, string? size = null)
    {
        var header = new byte[512];
        Encoding.UTF8.GetBytes(name, header);
        Encoding.ASCII.GetBytes(size ?? Convert.ToString(content.Length, 8).PadLeft(11, '0'), header.AsSpan(124));
        header[156] = type;
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + '\0', header.AsSpan(148));
        return [.. header, .. content, .. new byte[(512 - (content.Length % 512)) % 512], .. new byte[1024]];
    }
}
