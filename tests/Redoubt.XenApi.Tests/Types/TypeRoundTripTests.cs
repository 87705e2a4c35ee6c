using FsCheck;

namespace Redoubt.XenApi.Tests.Types;

/// <summary>Every type of the data model reads back what it wrote, in each of its three spellings.</summary>
public sealed class TypeRoundTripTests
{
    public static TheoryData<string> Types => [.. TypeCase.All.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_value_survives_a_database(string name)
    {
        var type = TypeCase.All[name];
        Check(type, ArbitraryValues.Text, value => new TypeCase(type).Decode(type.EncodeObject(value)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_value_survives_JSON(string name)
    {
        var type = TypeCase.All[name];
        Check(type, ArbitraryValues.WireText, value => type.ReadObject(Spelling.ThroughJson(w => type.WriteObject(w, value))));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_value_survives_XML(string name)
    {
        var type = TypeCase.All[name];
        Check(type, ArbitraryValues.WireText, value => type.ReadObject(Spelling.ThroughXml(w => type.WriteObject(w, value))));
    }

    [Fact]
    public void JSON_carries_every_text_but_lone_surrogates() => Property.Holds(ArbitraryValues.Text, text =>
        Assert.Equal(WithoutLoneSurrogates(text), Assert.IsType<WireString>(Spelling.ThroughJson(w => w.String(text))).Value));

    [Fact]
    public void XML_replaces_what_it_cannot_carry() => Property.Holds(ArbitraryValues.Text, text =>
        Assert.Equal(XmlText.Clean(text), Assert.IsType<WireString>(Spelling.ThroughXml(w => w.String(text))).Value));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_no_number_survives_a_database_and_XML_and_is_NaN_in_JSON(double value)
    {
        Assert.Equal(value, XenTypes.Float.Decode(XenTypes.Float.Encode(value)));
        Assert.Equal(value, XenTypes.Float.Read(Spelling.ThroughXml(w => XenTypes.Float.Write(w, value))));
        Assert.Equal(double.NaN, XenTypes.Float.Read(Spelling.ThroughJson(w => XenTypes.Float.Write(w, value))));
    }

    [Fact]
    public void Maps_are_spelled_in_the_order_of_their_keys_as_ordinals()
    {
        var map = MapType<string, string>.Of(XenTypes.String, XenTypes.String);
        Assert.Equal("(('B' '1') ('a' '2') ('é' '3'))", map.Encode(map.Decode("(('é' '3') ('a' '2') ('B' '1'))")));
    }

    private static void Check(XenType type, Gen<string> text, Func<object?, object?> roundTrip) =>
        Property.Holds(ArbitraryValues.Of(type, text), value =>
        {
            var back = roundTrip(value);
            Assert.True(new TypeCase(type).AreEqual(value, back), $"{type}: <{value}> came back as <{back}>");
        });

    private static string WithoutLoneSurrogates(string text) => string.Concat(text.EnumerateRunes().Select(r => r.ToString()));
}
