using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>Other spellings of the same: names with underscores, enum values in any case, records as they were read.</summary>
public sealed class WireNameTests(TestPool pool) : IClassFixture<TestPool>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_message_is_known_with_an_underscore_too_in_both_protocols()
    {
        var names = (await pool.ResultAsync("system.listMethods")).EnumerateArray().Select(n => n.GetString()!)
            .Where(n => n != "system.listMethods").ToList();
        Assert.True(names.Count > 500);
        foreach (var name in names)
        {
            // One parameter too many: what is wrong with it is said only of a message that is known.
            var spelled = name.Replace('.', '_');
            var all = Enumerable.Repeat("x", 20).Cast<object?>().ToArray();
            var failure = await pool.RawFailureAsync(spelled, all);
            Assert.True(
                failure is ["MESSAGE_PARAMETER_COUNT_MISMATCH", var told, ..] && told == spelled,
                $"{spelled}: {string.Join(' ', failure)}");
        }

        foreach (var name in names.Where((_, i) => i % 25 == 0))
        {
            using var response = await pool.SendAsync("/", $"<?xml version=\"1.0\"?><methodCall><methodName>{name.Replace('.', '_')}</methodName><params>{string.Concat(Enumerable.Repeat("<param><value>x</value></param>", 20))}</params></methodCall>", "text/xml");
            Assert.Contains("MESSAGE_PARAMETER_COUNT_MISMATCH", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_done_by_such_a_name_is_what_the_other_does()
    {
        var session = (await pool.ResultAsync("session_login_with_password", "root", TestPool.Password)).GetString()!;
        Assert.Equal((await pool.CallAsync("VM.get_all")).ToString(), (await pool.ResultAsync("VM_get_all", session)).ToString());
        var batch = await pool.ResultAsync("event_from", session, new[] { "pool" }, "", 10.0);
        Assert.Single(batch.GetProperty("events").EnumerateArray());
        var task = (await pool.ResultAsync("Async.VM_appliance_create", session, new { name_label = "shop" })).GetString()!;
        Assert.Equal("success", (await pool.FinishedAsync(task)).GetProperty("status").GetString());
        await pool.ResultAsync("session_logout", session);
        Assert.Equal(["SESSION_INVALID", session], await pool.RawFailureAsync("VM_get_all", session));
    }

    [Theory]
    [InlineData("Async_VM_get_all")]
    [InlineData("Async_VM.start")]
    [InlineData("VM_nope")]
    [InlineData("vm_get_all")]
    [InlineData("_get_all")]
    public async Task No_other_spelling_is_known(string name) => Assert.Equal("MESSAGE_METHOD_UNKNOWN", (await pool.FailureAsync(name))[0]);

    [Fact]
    public void No_two_values_of_an_enum_and_no_two_names_of_messages_fall_together()
    {
        var enums = DataModel.Classes.Values.SelectMany(
            c => c.Fields.Select(f => f.Type).Concat(
                c.Messages.Values.SelectMany(m => m.Parameters.Select(p => p.Type)))).OfType<IEnumType>().Distinct();
        Assert.All(enums, e => Assert.Equal(e.Values.Count, e.Values.Distinct(StringComparer.OrdinalIgnoreCase).Count()));
        var names = DataModel.Classes.Values.SelectMany(c => c.Messages.Keys.Select(m => $"{c.Name}_{m}")).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public async Task Enum_values_are_taken_in_any_case_also_as_keys_and_are_told_in_ours()
    {
        var vm = (await pool.CallAsync("VM.create", Vm("case") with { ActionsAfterCrash = "Destroy", ActionsAfterShutdown = "DESTROY" }))
            .GetString()!;
        Assert.Equal("destroy", (await pool.CallAsync("VM.get_actions_after_crash", vm)).GetString());
        await pool.CallAsync("VM.set_actions_after_reboot", vm, "Restart");
        Assert.Equal("restart", (await pool.CallAsync("VM.get_actions_after_reboot", vm)).GetString());
        await pool.CallAsync("VM.add_to_blocked_operations", vm, "Clean_Shutdown", "why");
        Assert.Equal("why", (await pool.CallAsync("VM.get_blocked_operations", vm)).GetProperty("clean_shutdown").GetString());
        await pool.CallAsync("VM.remove_from_blocked_operations", vm, "CLEAN_SHUTDOWN");
        Assert.Equal("{}", (await pool.CallAsync("VM.get_blocked_operations", vm)).ToString());

        var vdi = (await pool.CallAsync("VDI.create", new { SR = await pool.CreateSrAsync(), name_label = "d", virtual_size = 1 << 20, type = "User", sharable = false, read_only = false })).GetString()!;
        Assert.Equal("user", (await pool.CallAsync("VDI.get_type", vdi)).GetString());
        var vbd = (await pool.CallAsync("VBD.create", new { VM = vm, VDI = vdi, userdevice = "0", bootable = true, mode = "rw", type = "disk", empty = false })).GetString()!;
        Assert.Equal(
            ("RW", "Disk"),
            ((await pool.CallAsync("VBD.get_mode", vbd)).GetString(), (await pool.CallAsync("VBD.get_type", vbd)).GetString()));
    }

    [Fact]
    public async Task An_unknown_value_is_refused_as_before() =>
        Assert.NotEqual(
            "MESSAGE_METHOD_UNKNOWN", (await pool.FailureAsync("VM.create", Vm("bad") with { ActionsAfterCrash = "explode" }))[0]);

    [Fact]
    public async Task A_record_that_was_read_is_made_again_and_fields_that_are_missing_unknown_or_null_do_no_harm()
    {
        var first = (await pool.CallAsync("VM.create", Vm("first"))).GetString()!;
        var record = JsonSerializer.Deserialize<Dictionary<string, object?>>((await pool.CallAsync("VM.get_record", first)).ToString())!;
        record["name_label"] = "second";

        // What the server decides is passed over, whatever it is; a newer client may know more; and nothing has no value.
        record["allowed_operations"] = new[] { "an_operation_of_tomorrow" };
        record["domid"] = null;
        record["a_field_of_tomorrow"] = new { deep = new[] { 1 } };
        record["tags"] = null;
        record.Remove("recommendations");
        var second = (await pool.CallAsync("VM.create", record)).GetString()!;
        Assert.Equal(
            ("second", "Halted"),
            ((await pool.CallAsync("VM.get_name_label", second)).GetString(), (await pool.CallAsync("VM.get_power_state", second))
                .GetString()));
        Assert.NotEqual(
            (await pool.CallAsync("VM.get_uuid", first)).GetString(), (await pool.CallAsync("VM.get_uuid", second)).GetString());
        Assert.StartsWith(
            "OpaqueRef:", (await pool.CallAsync("network.create", new { name_label = "least" })).GetString(), StringComparison.Ordinal);
        Assert.StartsWith("OpaqueRef:", (await pool.CallAsync("network.create", new { name_label = "null", other_config = (object?)null, MTU = (object?)null, bridge = (object?)null })).GetString(), StringComparison.Ordinal);
    }

    private static VmFields Vm(string name) => new(name, 64 << 20, 64 << 20, 64 << 20, 64 << 20, 1, 1, "destroy", "restart", "restart");

    private sealed record VmFields(
        [property: System.Text.Json.Serialization.JsonPropertyName("name_label")] string Name,
        [property: System.Text.Json.Serialization.JsonPropertyName("memory_static_max")] long StaticMax,
        [property: System.Text.Json.Serialization.JsonPropertyName("memory_static_min")] long StaticMin,
        [property: System.Text.Json.Serialization.JsonPropertyName("memory_dynamic_max")] long DynamicMax,
        [property: System.Text.Json.Serialization.JsonPropertyName("memory_dynamic_min")] long DynamicMin,
        [property: System.Text.Json.Serialization.JsonPropertyName("VCPUs_max")] long VcpusMax,
        [property: System.Text.Json.Serialization.JsonPropertyName("VCPUs_at_startup")] long Vcpus,
        [property: System.Text.Json.Serialization.JsonPropertyName("actions_after_shutdown")] string ActionsAfterShutdown,
        [property: System.Text.Json.Serialization.JsonPropertyName("actions_after_reboot")] string ActionsAfterReboot,
        [property: System.Text.Json.Serialization.JsonPropertyName("actions_after_crash")] string ActionsAfterCrash);
}
