using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Tests.Dump;
using Redoubt.Database.Tests.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests.Hostile;

/// <summary>
/// Whatever lies on storage is read or refused, in words; no reader fails in any other way, nor takes long or much memory to say so.
/// </summary>
public sealed class ReaderFuzzTests
{
    private const int Tries = 4_000;

    private static readonly string[] Columns =
        ["", "a b", "%", "<&>\"'", "line\nend", "()", "('a' 'b')", "(('k' 'v') ('l' ''))", "ünï\ud83d\ude00"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_mutated_dump_is_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var good = Encoding.UTF8.GetBytes(
            Dumps.Write(
                Dumps.Of(42, new DumpTable("other", []), new DumpTable("T", Columns.Select((c, i) => Dumps.Row($"r{i}", ("n", c)))))));
        for (var i = 0; i < Tries; i++)
        {
            Read(Breaking.Mutation.Of(good, random));
        }
    }

    [Fact]
    public void Any_text_is_a_dump_or_refused() =>
        Prop.ForAll<byte[]>(bytes => Read(bytes ?? [])).QuickCheckThrowOnFailure();

    [Fact]
    public void Entities_depth_and_length_cost_nothing()
    {
        var bomb = new StringBuilder("<?xml version=\"1.0\"?><!DOCTYPE database [<!ENTITY a0 \"lol\">");
        for (var i = 1; i < 30; i++)
        {
            bomb.Append($"<!ENTITY a{i} \"&a{i - 1};&a{i - 1};&a{i - 1};&a{i - 1};\">");
        }

        string[] bombs =
        [
            bomb.Append("]><database><manifest><pair key=\"&a29;\" value=\"\"/></manifest></database>").ToString(),
            "<!DOCTYPE database SYSTEM \"file:///etc/passwd\"><database/>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><database><manifest><pair key=\"&b;\" "
                + "value=\"\"/></manifest></database>",
            string.Concat(Enumerable.Repeat("<database>", 500_000)),
            "<database><manifest>" + string.Concat(Enumerable.Repeat("<pair key=\"a\" value=\"b\"/>", 200_000)),
            "<database " + new string('a', 5_000_000),
            "<" + new string('<', 1_000_000),
        ];
        var before = GC.GetTotalAllocatedBytes();
        foreach (var text in bombs)
        {
            var refused = Assert.Throws<DumpFormatException>(() => Dumps.Read(text));
            Assert.DoesNotContain("root:", refused.Message, StringComparison.Ordinal);
            Assert.InRange(refused.Message.Length, 1, 2_000);
        }

        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 200L << 20);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void A_mutated_journal_gets_a_verdict(int seed)
    {
        using var scratch = new Scratch(4096);
        var writer = scratch.Writer();
        writer.WriteDatabase(Scratch.Counters(100));
        var generation = 100L;
        for (var i = 0; i < 4; i++)
        {
            var transaction = Scratch.Transaction(generation, i, 1 + i);
            Assert.Equal(AppendResult.Durable, writer.Append([transaction]));
            generation = Scratch.Content(scratch.Read())!.Generation;
        }

        var random = new Random(seed);
        var image = scratch.Image;
        for (var i = 0; i < Tries / 2; i++)
        {
            var content = Scratch.Content(Scratch.Read(Breaking.Mutation.Of(image, random), scratch.Layout));
            Assert.True(content is null || content.Generation >= 0, "a state that never was");
        }
    }

    [Theory]
    [InlineData(5)]
    public void A_mutated_s_expression_is_read_or_refused(int seed)
    {
        var random = new Random(seed);
        var good = Encoding.UTF8.GetBytes(
            SExpression.WritePairs(Columns.Select(c => KeyValuePair.Create(c, c))) + SExpression.WriteList(Columns));
        for (var i = 0; i < Tries; i++)
        {
            var text = Encoding.UTF8.GetString(Breaking.Mutation.Of(good, random));
            if (SExpression.TryReadList(text) is { } list)
            {
                Assert.Equal(list, SExpression.TryReadList(SExpression.WriteList(list)));
            }

            if (SExpression.TryReadPairs(text) is { } pairs)
            {
                Assert.Equal(pairs, SExpression.TryReadPairs(SExpression.WritePairs(pairs)));
            }
        }
    }

    private static void Read(byte[] bytes)
    {
        DatabaseDump dump;
        try
        {
            dump = DumpReader.Read(new MemoryStream(bytes));
        }
        catch (DumpFormatException refused)
        {
            Assert.NotEqual("", refused.Message);
            return;
        }

        // What was understood can be said again.
        Assert.Equal(dump.Manifest.Generation, Dumps.WrittenAndRead(dump).Manifest.Generation);
    }
}
