using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Database.Tests.Journal;

public sealed class DeltaCodecTests
{
    private const string Reference = "OpaqueRef:11111111-2222-3333-4444-555555555555";
    private const string Write = $"WriteFiel00000002VM00000046{Reference}00000011name__label00000005web 1";

    private static byte[] Encode(Delta delta)
    {
        var output = new ArrayBufferWriter<byte>();
        DeltaCodec.Encode(delta, output);
        return output.WrittenSpan.ToArray();
    }

    [Fact]
    public void The_examples_of_the_format_are_written_and_read()
    {
        (Delta Delta, string Text)[] examples =
        [
            (new Delta.DeleteRow("DR_task", Reference), $"DeleteRow00000007DR_task00000046{Reference}"),
            (new Delta.WriteField("VM", Reference, "name__label", "web 1"), Write),
            (new Delta.CreateRow("DR_task", Reference, RowColumns.From([new("uuid", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"), new("_ref", Reference)])),
                $"CreateRow00000007DR_task00000046{Reference}0000000200000004_ref00000046{Reference}00000004uuid00000036aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
        ];
        Assert.Equal([78, 105, 208], examples.Select(e => e.Text.Length));
        Assert.All(examples, e =>
        {
            Assert.Equal(e.Text, Encoding.UTF8.GetString(Encode(e.Delta)));
            Assert.Equal(e.Delta, DeltaCodec.Decode(Encoding.UTF8.GetBytes(e.Text), out _));
        });
    }

    [Fact]
    public void Deltas_round_trip() => Prop.ForAll<string, string, Tuple<string, string>[]>((table, value, columns) =>
    {
        static string Clean(string? s) => string.Concat((s ?? "").Where(c => c is >= ' ' and < '\uD800' or '\n'));
        Delta[] deltas =
        [
            new Delta.DeleteRow(Clean(table), Clean(value)),
            new Delta.WriteField(Clean(table), "😀", "field", Clean(value)),
            new Delta.CreateRow(Clean(table), "é", RowColumns.From(columns.Select((c, i) => KeyValuePair.Create($"c{i}", Clean(c.Item2))))),
        ];
        return deltas.All(delta => delta.Equals(DeltaCodec.Decode(Encode(delta), out _)));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("", "unknown kind")]
    [InlineData("WriteField", "too early")]
    [InlineData("RenameRow00000002VM00000001r", "unknown kind")]
    [InlineData("DeleteRow0000000xVM00000001r", "no number")]
    [InlineData("DeleteRow-0000002VM00000001r", "no number")]
    [InlineData("DeleteRow99999999VM00000001r", "too early")]
    [InlineData("DeleteRow00000002VM00000001rr", "1 bytes follow")]
    [InlineData("DeleteRow00000002VM00000001\u0001", "character")]
    [InlineData("CreateRow00000002VM00000001r99999999", "99999999 columns")]
    [InlineData("CreateRow00000002VM00000001r0000000200000001a00000000", "too early")]
    [InlineData("CreateRow00000002VM00000001r0000000200000001a0000000000000001a00000000", "twice")]
    [InlineData("WriteFiel00000002VM00000001r00000003ref00000000", "cannot be one")]
    [InlineData("WriteFiel00000002VM00000001r00000003a b00000000", "cannot be one")]
    public void What_is_no_delta_is_told_in_words(string text, string problem)
    {
        Assert.Null(DeltaCodec.Decode(Encoding.UTF8.GetBytes(text), out var found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_no_delta()
    {
        Assert.Null(DeltaCodec.Decode([.. "DeleteRow00000002VM00000001"u8, 0xff], out var found));
        Assert.Contains("UTF-8", found, StringComparison.Ordinal);
    }

    [Fact]
    public void What_no_dump_could_carry_is_not_encoded()
    {
        Assert.Throws<ArgumentException>(() => Encode(new Delta.WriteField("VM", "r", "name", "a\0b")));
        Assert.Throws<ArgumentException>(() => Encode(new Delta.WriteField("VM", "r", "__mtime", "1")));
    }
}
