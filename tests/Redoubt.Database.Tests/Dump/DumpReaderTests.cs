using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Tests.Dump;

public sealed class DumpReaderTests
{
    private const string Manifest =
        """<manifest><pair key="schema_major_vsn" value="5"/><pair key="schema_minor_vsn" value="63"/><pair key="generation_count" value="7"/></manifest>""";

    [Theory]
    [InlineData("a%.b", "a b")]
    [InlineData("a b", "a b")]
    [InlineData("a%_b", "a  b")]
    [InlineData("%t%n%r%%.", "\t\n\r%.")]
    [InlineData("100% %x", "100% %x")]
    [InlineData("&lt;&#65;&#x42;&amp;&quot;&apos;&gt;", "<AB&\"'>")]
    [InlineData("a\r\nb\tc", "a b c")]
    public void Values_of_every_age_are_read(string written, string value) =>
        Assert.Equal(value, Column($"""<row ref="r" a="{written}"/>"""));

    [Fact]
    public void Single_quotes_around_values_are_read() => Assert.Equal("say \"x\"", Column("<row ref='r' a='say \"x\"'/>"));

    [Fact]
    public void The_first_of_two_refs_wins()
    {
        var row = Table("""<row ref="first" a="1" ref="second"></row>""").Rows.Single();
        Assert.Equal(("first", "1", 1), (row.Ref, row.Columns["a"], row.Columns.Count));
    }

    [Fact]
    public void A_row_without_times_has_the_time_0()
    {
        Assert.Equal((0, 0), (Table("""<row ref="r"/>""").Rows.Single().CreatedAt, Table("""<row ref="r"/>""").Rows.Single().ChangedAt));
        Assert.Equal((3, 4), (Table("""<row ref="r" __mtime="4" __ctime="3"/>""").Rows.Single().CreatedAt, 4));
    }

    [Fact]
    public void Comments_a_byte_order_mark_and_layout_do_not_matter()
    {
        var laidOut = "\uFEFF<?xml version='1.0'?>\n<!-- by hand -->\r\n<database >\n " + Manifest.Replace(
            "><", ">\n<", StringComparison.Ordinal)
            + "\n<table name = \"T\">\n<row\n ref=\"r\"\n/>\n</table >\n</database>\n";
        Assert.Equal("r", Dumps.Read(laidOut).FindTable("T")!.Rows.Single().Ref);
    }

    [Fact]
    public void Further_manifest_pairs_keep_their_order()
    {
        var dump = Dumps.Read("<database><manifest><pair key='z' value='1'/><pair key='schema_major_vsn' value='5'/>"
            + "<pair key='schema_minor_vsn' value='63'/><pair key='a' value='two &#10;lines'/><pair key='generation_count' "
            + "value='-1'/></manifest></database>");
        Assert.Equal([new("z", "1"), new("a", "two \nlines")], dump.Manifest.Extra);
        Assert.Equal(-1, dump.Manifest.Generation);
        Assert.Equal(dump, Dumps.WrittenAndRead(dump));
    }

    [Theory]
    [InlineData("", "empty document")]
    [InlineData("   ", "empty document")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><database/>", "document type")]
    [InlineData("<database><![CDATA[x]]></database>", "document type or CDATA")]
    [InlineData("<data/>", "instead of <database>")]
    [InlineData("<database/>", "no manifest")]
    [InlineData("<database>MANIFEST", "ends inside <database>")]
    [InlineData("<database>MANIFEST MANIFEST</database>", "unexpected <manifest>")]
    [InlineData("<database>MANIFEST</database><database/>", "after the end")]
    [InlineData("<database>MANIFEST</table>", "</table> inside <database>")]
    [InlineData("<database>MANIFEST<rows/></database>", "unexpected <rows>")]
    [InlineData("<database>MANIFEST<table/></database>", "without a usable name")]
    [InlineData("<database>MANIFEST<table name='a'/><table name='a'/></database>", "given twice")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r'/><row ref='r'/></table></database>", "given twice")]
    [InlineData("<database>MANIFEST<table name='a'><row a='r'/></table></database>", "without 'ref'")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r' b='1' b='2'/></table></database>", "'b' is there twice")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r' __ctime='x'/></table></database>", "no number in '__ctime'")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r' x:y='1'/></table></database>", "no valid name")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r'b='1'/></table></database>", "no white space")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='&#1;'/></table></database>", "U+0001")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='&#xD800;'/></table></database>", "unknown reference")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='&bogus;'/></table></database>", "unknown reference")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='&aaaaaaaaaaaaaaaaaaaaaaa'/></table></database>", "no reference")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='a<b'/></table></database>", "'<' inside a value")]
    [InlineData("<database>MANIFEST<table name='a'>text</table></database>", "text between the tags")]
    [InlineData("<database>MANIFEST<table name='a'><row ref='r'><row ref='s'/></row></table></database>", "<row> inside <row>")]
    [InlineData("<?xml version='1.0' encoding='UTF-16'?><database>MANIFEST</database>", "encoding")]
    [InlineData("<database><manifest><pair key='generation_count' value='1e3'/></manifest></database>", "no number")]
    [InlineData("<database><manifest><pair key='generation_count' value='1'/></manifest></database>", "without 'schema_major_vsn'")]
    [InlineData("<database><manifest><pair key='generation_count'/></manifest></database>", "without key or value")]
    public void What_is_no_dump_is_refused_with_what_was_found(string text, string found)
    {
        var e = Assert.Throws<DumpFormatException>(() => Dumps.Read(text.Replace("MANIFEST", Manifest, StringComparison.Ordinal)));
        Assert.Contains(found, e.Found, StringComparison.Ordinal);
        Assert.InRange(e.Position, 0, text.Length + (2 * Manifest.Length));
    }

    [Fact]
    public void Limits_hold()
    {
        void Refused(string text, DumpLimits limits) =>
            Assert.Throws<DumpFormatException>(() => DumpReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), limits));
        var dump = $"<database>{Manifest}<table name='a'><row ref='r' b='12345' c='1'/><row ref='s'/></table><table name='b'/></database>";
        Refused(dump, new DumpLimits { DocumentBytes = 100 });
        Refused(dump, new DumpLimits { ValueBytes = 4 });
        Refused(dump, new DumpLimits { NameBytes = 7 });
        Refused(dump, new DumpLimits { Columns = 1 });
        Refused(dump, new DumpLimits { Rows = 1 });
        Refused(dump, new DumpLimits { Tables = 1 });
        Refused(dump, new DumpLimits { ManifestPairs = 2 });
        Assert.Equal(2, Dumps.Read(dump).Tables.Length);
    }

    [Fact]
    public void Every_truncation_and_every_flipped_bit_is_a_dump_or_a_refusal()
    {
        var bytes = Encoding.UTF8.GetBytes(
            Dumps.Write(Dumps.Of(7, new DumpTable("T", [Dumps.Row("r", ("name", "é 😀 <&>\"'"), ("b", "(('k' 'v'))"))]))));
        var (read, refused) = (0, 0);
        void Try(byte[] image)
        {
            try
            {
                DumpReader.Read(new MemoryStream(image));
                read++;
            }
            catch (DumpFormatException)
            {
                refused++;
            }
        }

        for (var length = 0; length < bytes.Length; length++)
            Try(bytes[..length]);
        Assert.Equal(0, read);
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var image = (byte[])bytes.Clone();
            image[i / 8] ^= (byte)(1 << (i % 8));
            Try(image);
        }

        Assert.True(refused > bytes.Length * 3, $"{refused} refused, {read} read");
    }

    private static DumpTable Table(string rows) =>
        Dumps.Read($"<database>{Manifest}<table name=\"T\">{rows}</table></database>").FindTable("T")!;

    private static string Column(string row) => Table(row).Rows.Single().Columns["a"];
}
