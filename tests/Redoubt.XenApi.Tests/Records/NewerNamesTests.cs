using System.Text;

namespace Redoubt.XenApi.Tests.Records;

/// <summary>Names that this data model lacks, in records of a newer version's database.</summary>
public sealed class NewerNamesTests
{
    private static readonly VmRecord Newer = (VmRecord)VmRecord.Declaration.FromColumns([
        new("power_state", "Hibernated"),
        new("pending_guidances", "(\"warp_host\"  'restart_device_model')"),
        new("blocked_operations", "(('warp' 'never') ('start' 'not now'))"),
        new("actions__after_crash", "restart"),
        new("from__the__future", "yes"),
    ]);

    [Theory]
    [InlineData("power_state", "\"Hibernated\"")]
    [InlineData("pending_guidances", "[\"warp_host\",\"restart_device_model\"]")]
    [InlineData("blocked_operations", "{\"warp\":\"never\",\"start\":\"not now\"}")]
    [InlineData("actions_after_crash", "\"restart\"")]
    public void Go_over_the_wire_as_they_came(string field, string json) =>
        Assert.Equal(json, Wire(writer => VmRecord.Declaration.FindField(field)!.Write(writer, Newer)));

    [Fact]
    public void Are_gone_once_the_field_has_another_value()
    {
        var halted = Newer with { PowerState = VmPowerState.Halted };
        Assert.Equal("\"Halted\"", Wire(writer => VmRecord.Declaration.FindField("power_state")!.Write(writer, halted)));
        Assert.Null(VmRecord.Declaration.FindField("power_state")!.FindUnrecognized(halted));
    }

    [Fact]
    public void Are_not_taken_over_into_a_record_of_our_own()
    {
        var own = NewerNames.Drop(Newer);
        Assert.Null(own.Raw);
        Assert.Equal(VmPowerState.Halted, own.PowerState);
        Assert.Equal([KeyValuePair.Create(VmOperations.Start, "not now")], own.BlockedOperations);
        Assert.Equal(OnCrashBehaviour.Restart, own.ActionsAfterCrash);
        Assert.DoesNotContain(VmRecord.Declaration.ToColumns(own), c => c.Value.Contains("unrecognized", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("power_state", "\"Hibernated\"")]
    [InlineData("pending_guidances", "[\"warp_host\",\"restart_device_model\"]")]
    [InlineData("blocked_operations", "{\"warp\":\"never\",\"start\":\"not now\"}")]
    public void Come_through_a_client_and_go_out_again_as_they_came(string field, string json)
    {
        var record = new MemoryStream();
        JsonRpc.WriteResult(record, RpcForm.JsonRpc2, WireNull.Instance, writer => VmRecord.Declaration.WriteRecord(writer, Newer));
        var answered = (VmRecord)VmRecord.Declaration.FromAnswer(JsonRpc.ReadResponse(record.ToArray()).Unwrap());
        Assert.Equal(json, Wire(writer => VmRecord.Declaration.FindField(field)!.Write(writer, answered)));
        Assert.Equal("not now", answered.BlockedOperations[VmOperations.Start]);
        Assert.Equal(
            ["power_state", "blocked_operations", "pending_guidances"],
            NewerNames.Of(answered).Select(n => n.Key).OrderByDescending(n => n == "power_state").ThenBy(n => n, StringComparer.Ordinal));
    }

    [Fact]
    public void In_a_request_are_refused()
    {
        var record = new MemoryStream();
        JsonRpc.WriteResult(record, RpcForm.JsonRpc2, WireNull.Instance, writer => VmRecord.Declaration.WriteRecord(writer, Newer));
        Assert.Throws<WireFormatException>(() => VmRecord.Declaration.FromWire(JsonRpc.ReadResponse(record.ToArray()).Unwrap()));
    }

    [Fact]
    public void Never_become_a_name_of_our_own_when_the_rest_of_the_set_changes()
    {
        var changed = Newer with { BlockedOperations = Newer.BlockedOperations.Add(VmOperations.Suspend, "no") };
        Assert.Equal(
            "(('start' 'not now') ('suspend' 'no'))",
            ClassModel.EncodeColumn(VmRecord.Declaration.FindField("blocked_operations")!, changed));
    }

    private static string Wire(Action<IWireWriter> write)
    {
        var answer = new MemoryStream();
        JsonRpc.WriteResult(answer, RpcForm.JsonRpc2, WireNull.Instance, write);
        using var document = System.Text.Json.JsonDocument.Parse(Encoding.UTF8.GetString(answer.ToArray()));
        return document.RootElement.GetProperty("result").GetRawText();
    }
}
