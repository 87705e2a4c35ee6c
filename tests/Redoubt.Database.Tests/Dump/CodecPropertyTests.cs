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
    public void Dumps_round_trip_and_both_XML_readers_agree() => Prop.ForAll<Tuple<string, string, string>[]>(cells =>
    {
        var rows = cells.Select((c, i) => Dumps.Row($"r{i:D6}{Clean(c.Item1)}", ("a", Clean(c.Item2) + "%_"), ("é", Clean(c.Item3))));
        var dump = Dumps.Of(cells.Length, new DumpTable("T", rows), new DumpTable("U", []));
        var text = Dumps.Write(dump);
        return Dumps.Read(text).Equals(dump) && XmlReaderDumps.Read(text).SequenceEqual(XmlReaderDumps.Normalise(dump));
    }).QuickCheckThrowOnFailure();

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
