using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.XenApi.Tests.Types;

/// <summary>Whatever a peer sends, it is read or refused with <see cref="WireFormatException"/>; nothing else gets out.</summary>
public sealed class HostileInputTests
{
    private const int Many = 100_000;

    private static Gen<WireValue> Anything { get; } = Gen.Sized(size => Nested(Math.Min(size, 4)));

    public static TheoryData<string> Types => [.. TypeCase.All.Keys];

    public static TheoryData<string> Classes => [.. DataModel.Classes.Keys];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_type_reads_anything_or_refuses_it(string name) => CheckRefusal(value => TypeCase.All[name].ReadObject(value));

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_class_reads_anything_or_refuses_it(string name) => CheckRefusal(value =>
    {
        DataModel.Classes[name].FromWire(value);
        DataModel.Classes[name].FromWire(
            new WireStruct([.. DataModel.Classes[name].Fields.Select(f => KeyValuePair.Create(f.Name, value))]));
    });

    [Fact]
    public void Nesting_deeper_than_any_stack_is_refused()
    {
        WireValue value = new WireString("");
        for (var depth = 0; depth < Many; depth++)
        {
            value = depth % 2 == 0 ? new WireArray([value]) : new WireStruct([KeyValuePair.Create("a", value)]);
        }

        Assert.All(TypeCase.All.Values, type => Assert.Throws<WireFormatException>(() => type.ReadObject(value)));
    }

    [Fact]
    public void Large_sets_and_maps_are_read_whole()
    {
        var strings = SetType<string>.Of(XenTypes.String).Read(new WireArray([.. Numbers.Select(i => new WireString(i))]));
        var map = MapType<string, string>.Of(XenTypes.String, XenTypes.String)
            .Read(new WireStruct([.. Numbers.Select(i => KeyValuePair.Create<string, WireValue>(i, new WireString(i)))]));
        Assert.Equal((Many, Many), (strings.Count, map.Count));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("99999-01-01T00:00:00Z")]
    [InlineData("20240230T00:00:00Z")]
    [InlineData("")]
    public void A_moment_that_is_none_is_refused(string text) =>
        Assert.Throws<WireFormatException>(() => XenTypes.DateTime.Read(new WireString(text)));

    private static IEnumerable<string> Numbers => Enumerable.Range(0, Many).Select(i => XenTypes.Int.Encode(i));

    private static void CheckRefusal(Action<WireValue> read) =>
        Property.Holds(Anything, value =>
        {
            var failure = Xunit.Record.Exception(() => read(value));
            Assert.True(failure is null or WireFormatException, $"{value}: {failure}");
        });

    private static Gen<WireValue> Nested(int depth)
    {
        var scalar = Gen.OneOf(
            ArbitraryValues.Text.Select(v => (WireValue)new WireString(v)),
            ArbMap.Default.GeneratorFor<long>().Select(v => (WireValue)new WireInt(v)),
            Gen.OneOf(Gen.Elements(double.NaN, double.PositiveInfinity, 9e15, 1e300), ArbMap.Default.GeneratorFor<double>())
                .Select(v => (WireValue)new WireFloat(v)),
            Gen.Elements<WireValue>(new WireBool(true), WireNull.Instance));
        return depth == 0 ? scalar : Gen.OneOf(
            scalar,
            Gen.ListOf(Nested(depth - 1)).Select(items => (WireValue)new WireArray([.. items])),
            Gen.ListOf(ArbitraryValues.Text.SelectMany(k => Nested(depth - 1).Select(v => KeyValuePair.Create(k, v))))
                .Select(members => (WireValue)new WireStruct([.. members])));
    }
}
