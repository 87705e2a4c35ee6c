using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Tests.Dump;

public sealed class CodecPropertyTests
{
    private static string Clean(string? value)
    {
        var text = new StringBuilder();
        foreach (var rune in (value ?? "").EnumerateRunes())
            if (rune.Value is '\t' or '\n' or '\r' or >= ' ' and not (0xFFFE or 0xFFFF or 0xFFFD))
                text.Append(rune);
        return text.ToString();
    }

    [Fact]
    public void Space_protection_round_trips() =>
        Prop.ForAll<string>(s => SpaceProtection.Unprotect(SpaceProtection.Protect(s ?? "")) == (s ?? "")).QuickCheckThrowOnFailure();

    [Fact]
    public void Sets_round_trip() =>
        Prop.ForAll<string[]>(s => SExpression.ParseSet(SExpression.FormatSet(s.Select(Clean))).SequenceEqual(s.Select(Clean))).QuickCheckThrowOnFailure();

    [Fact]
    public void Maps_round_trip() => Prop.ForAll<Tuple<string, string>[]>(pairs =>
    {
        var map = pairs.Select(p => KeyValuePair.Create("k" + Clean(p.Item1), Clean(p.Item2))).ToList();
        return SExpression.ParseMap(SExpression.FormatMap(map)).SequenceEqual(map);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Dumps_round_trip_and_both_XML_readers_agree() => Prop.ForAll<Tuple<string, string, string>[]>(cells =>
    {
        var rows = cells.Select((c, i) => Dumps.Row($"r{i:D6}{Clean(c.Item1)}", ("a", Clean(c.Item2) + "%_"), ("é", Clean(c.Item3))));
        var dump = Dumps.Of(cells.Length, new DumpTable("T", rows), new DumpTable("U", []));
        var text = Dumps.Write(dump);
        return Dumps.Read(text).Equals(dump) && XmlReaderDumps.Read(text).SequenceEqual(XmlReaderDumps.Normalise(dump));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("()")]
    [InlineData("('a' 'b c')", "a", "b c")]
    [InlineData("(\"a\" 'it\\'s' \"say \\\"x\\\"\")", "a", "it's", "say \"x\"")]
    [InlineData(" ( 'a' ; a comment ')\n 'b' ) ; end", "a", "b")]
    [InlineData("('a''b\\\\\\n')", "a", "b\\n")]
    public void Sets_of_every_form_are_read(string text, params string[] elements) => Assert.Equal(elements, SExpression.ParseSet(text));

    [Theory]
    [InlineData("", 0)]
    [InlineData("(", 1)]
    [InlineData("('a", 3)]
    [InlineData("('a\\", 4)]
    [InlineData("(a)", 1)]
    [InlineData("(('a'))", 1)]
    [InlineData("('a') x", 6)]
    public void What_is_no_set_is_refused_where_it_goes_wrong(string text, int position) =>
        Assert.Equal(position, Assert.Throws<DumpFormatException>(() => SExpression.ParseSet(text)).Position);

    [Theory]
    [InlineData("('a' 'b')")]
    [InlineData("(('a'))")]
    [InlineData("(('a' 'b' 'c'))")]
    [InlineData("((('a') 'b'))")]
    public void What_is_no_map_is_refused(string text) => Assert.Throws<DumpFormatException>(() => SExpression.ParseMap(text));

    [Fact]
    public void Depth_without_end_is_refused_without_recursion() =>
        Assert.Throws<DumpFormatException>(() => SExpression.ParseMap(new string('(', 1_000_000)));

    [Fact]
    public void An_empty_key_is_not_written() => Assert.Throws<ArgumentException>(() => SExpression.FormatMap([new("", "v")]));

    [Fact]
    public void What_XML_cannot_carry_is_not_written()
    {
        foreach (var value in new[] { "a\u0001b", "a\uD800", "\uDC00\uD800", "\uFFFF" })
            Refused(value);
    }

    private static void Refused(string value)
    {
        var e = Assert.Throws<ArgumentException>(() => Dumps.Write(Dumps.Of(0, new DumpTable("VM", [Dumps.Row("r", ("name", value))]))));
        Assert.Contains("'name' of VM r", e.Message, StringComparison.Ordinal);
    }
}
