namespace Redoubt.Server.Tests.Golden;

public sealed class ShapeTests
{
    private const string Expected =
        """{"result":{"OpaqueRef:1":{"uuid":"u","size":1,"share":1.0,"on":true,"keys":["a"],"map":{"k":"v"}}},"id":1}""";

    [Theory]
    [InlineData("""{"result":{"OpaqueRef:9":{"uuid":"x","size":7,"share":0.5,"on":false,"keys":["b","c"],"map":{"l":"w","m":""}},"OpaqueRef:8":{"uuid":"x","size":7,"share":0.5,"on":false,"keys":[],"map":{}}},"id":2}""", "")]
    [InlineData("""{"result":{"OpaqueRef:9":{"uuid":"x","size":7,"share":0.5,"on":false,"keys":[],"map":{}}},"id":2}""", "")]
    [InlineData("""{"result":{},"id":2}""", "")]
    [InlineData(
        """{"result":{"OpaqueRef:9":{"uuid":"x","size":"7","share":0.5,"on":false,"keys":[],"map":{}}},"id":2}""",
        "$.result{}.size: string for int")]
    [InlineData(
        """{"result":{"OpaqueRef:9":{"uuid":"x","size":7,"share":1,"on":false,"keys":[],"map":{}}},"id":2}""",
        "$.result{}.share: int for float")]
    [InlineData(
        """{"result":{"OpaqueRef:9":{"uuid":"x","size":7,"share":1.0,"on":false,"keys":[1],"map":{}}},"id":2}""",
        "$.result{}.keys[]: int for string")]
    [InlineData("""{"result":[],"id":2}""", "$.result: array for struct")]
    public void Another_type_is_a_difference_and_another_value_is_none(string actual, string difference) =>
        Assert.Equal(difference, string.Join('\n', Shape.Compare(Shape.OfJson(Expected), Shape.OfJson(actual))));

    [Fact]
    public void A_field_too_many_or_too_few_is_a_difference_and_so_is_another_order()
    {
        Assert.Contains(
            "$.result{}.on: missing", Shape.Compare(Shape.OfJson(Expected), Shape.OfJson(Expected.Replace("\"on\":true,", ""))));
        Assert.Contains(
            "$.result{}.new: only here",
            Shape.Compare(Shape.OfJson(Expected), Shape.OfJson(Expected.Replace("\"on\":", "\"new\":1,\"on\":"))));
        var moved = Expected.Replace("\"on\":true,", "").Replace("\"size\"", "\"on\":true,\"size\"");
        Assert.Single(Shape.Compare(Shape.OfJson(Expected), Shape.OfJson(moved)));
    }

    [Fact]
    public void Types_of_XML_RPC_are_told_apart()
    {
        static Shape Of(string value) =>
            Shape.OfXml($"<a><value><struct><member><name>Value</name><value>{value}</value></member></struct></value></a>");
        Assert.Empty(Shape.Compare(Of("12"), Of("")));
        Assert.Equal(["$.Value: i4 for string"], Shape.Compare(Of("12"), Of("<i4>12</i4>")));
        Assert.Equal(["$.Value: boolean for double"], Shape.Compare(Of("<double>1</double>"), Of("<boolean>1</boolean>")));
    }
}
