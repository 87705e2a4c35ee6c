using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>Nothing is taken without effect: whoever sets what nothing here goes by is told.</summary>
public sealed class FieldEffectTests(TestPool pool) : IClassFixture<TestPool>
{
    [Theory]
    [InlineData("VM.add_to_VCPUs_params", "weight", "512")]
    [InlineData("VM.add_to_xenstore_data", "vm-data/x", "y\n")]
    [InlineData("VM.add_to_xenstore_data", "vm-data", "y")]
    [InlineData("VM.add_to_xenstore_data", "device/vbd", "y")]
    [InlineData("VM.set_actions_after_softreboot", "restart")]
    [InlineData("VM.set_PV_legacy_args", "x")]
    [InlineData("VM.set_PCI_bus", "x")]
    [InlineData("VM.set_actions_after_crash", "preserve")]
    [InlineData("VM.set_ha_restart_priority", "restart")]
    [InlineData("VM.set_domain_type", "pvh")]
    [InlineData("VM.add_to_platform", "viridian", "true")]
    [InlineData("VM.add_to_platform", "secureboot", "true")]
    [InlineData("VM.add_to_platform", "acpi", "false")]
    [InlineData("VM.add_to_platform", "videoram", "8")]
    [InlineData("VM.add_to_platform", "cores-per-socket", "0")]
    [InlineData("VM.add_to_platform", "vtpm", "maybe")]
    [InlineData("VM.add_to_HVM_boot_params", "firmware", "coreboot")]
    [InlineData("VM.add_to_HVM_boot_params", "loader", "x")]
    public async Task What_has_no_effect_is_refused_and_changes_nothing(string message, params string[] values)
    {
        var vm = await VmAsync();
        var before = (await pool.CallAsync("VM.get_record", vm)).ToString();
        var answer = await pool.AnswerAsync(message, [pool.Session, vm, .. values]);
        var error = answer.GetProperty("error");
        Assert.Equal("VALUE_NOT_SUPPORTED", error.GetProperty("message").GetString());
        Assert.Contains("not done here", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, (await pool.CallAsync("VM.get_record", vm)).ToString());
    }

    [Fact]
    public async Task No_more_is_taken_for_a_guest_than_its_firmware_holds()
    {
        var vm = await VmAsync();
        var data = Enumerable.Range(0, 255).ToDictionary(i => $"vm-data/{i}", i => $"{i}");
        await pool.CallAsync("VM.set_xenstore_data", vm, data);
        var answer = await pool.AnswerAsync("VM.add_to_xenstore_data", [pool.Session, vm, "vm-data/one-more", ""]);
        Assert.Equal("VALUE_NOT_SUPPORTED", answer.GetProperty("error").GetProperty("message").GetString());
        data["vm-data/0"] = new string('x', 40_000);
        answer = await pool.AnswerAsync("VM.set_xenstore_data", [pool.Session, vm, data]);
        Assert.Equal("VALUE_NOT_SUPPORTED", answer.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task What_asks_for_nothing_or_changes_nothing_is_taken()
    {
        var vm = await VmAsync();
        await pool.CallAsync("VM.set_VCPUs_params", vm, new Dictionary<string, string>());
        await pool.CallAsync("VM.set_actions_after_crash", vm, "restart"); // As it was created.
        await pool.CallAsync("VM.set_actions_after_crash", vm, "destroy");
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        await pool.CallAsync("VM.set_affinity", vm, host);
        await pool.CallAsync("VM.set_affinity", vm, "OpaqueRef:NULL");
        var own = (await pool.CallAsync("pool.get_all"))[0].GetString();
        await pool.CallAsync("pool.set_coordinator_bias", own, true); // As it was made.
        await pool.CallAsync("pool.set_coordinator_bias", own, false);
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("pool.set_coordinator_bias", own!, true));
    }

    [Fact]
    public async Task What_is_heeded_or_true_as_it_is_is_taken()
    {
        var vm = await VmAsync();
        await pool.CallAsync("VM.add_to_platform", vm, "cores-per-socket", "2");
        await pool.CallAsync("VM.add_to_platform", vm, "acpi", "1");
        await pool.CallAsync("VM.set_actions_after_shutdown", vm, "restart");
        await pool.CallAsync("VM.set_actions_after_reboot", vm, "destroy");
        await pool.CallAsync("VM.set_HVM_boot_params", vm, new Dictionary<string, string> { ["order"] = "ndc", ["firmware"] = "uefi" });
        await pool.CallAsync("VM.set_ha_restart_priority", vm, "");
        Assert.Equal("MAP_DUPLICATE_KEY", await CodeAsync("VM.add_to_platform", vm, "acpi", "1"));

        // A key that came along stays while another is changed.
        var foreign = await VmAsync(new() { ["platform"] = new Dictionary<string, string> { ["viridian"] = "true" } });
        await pool.CallAsync("VM.set_platform", foreign, new Dictionary<string, string> { ["viridian"] = "true", ["nx"] = "true" });
        Assert.Equal(
            "VALUE_NOT_SUPPORTED", await CodeAsync("VM.set_platform", foreign, new Dictionary<string, string> { ["viridian"] = "1" }));
    }

    [Fact]
    public async Task The_kind_of_a_guest_decides_how_it_boots()
    {
        var vm = await VmAsync();
        await pool.CallAsync("VM.set_domain_type", vm, "pv");
        Assert.Equal("", (await pool.CallAsync("VM.get_HVM_boot_policy", vm)).GetString());
        await pool.CallAsync("VM.set_domain_type", vm, "hvm");
        Assert.Equal("BIOS order", (await pool.CallAsync("VM.get_HVM_boot_policy", vm)).GetString());
    }

    [Fact]
    public async Task A_device_is_not_made_with_what_is_not_done()
    {
        var vm = await VmAsync();
        var network = (await pool.CallAsync("network.create", new Dictionary<string, object> { ["name_label"] = "n", ["other_config"] = new Dictionary<string, string>() })).GetString()!;
        Dictionary<string, object> Vif(string key, object value) => new()
        {
            ["VM"] = vm,
            ["network"] = network,
            ["device"] = "0",
            ["MAC"] = "",
            ["MTU"] = "1500",
            ["other_config"] = new Dictionary<string, string>(),
            [key] = value,
        };
        Dictionary<string, object> Vbd(string key, object value) => new()
        {
            ["VM"] = vm,
            ["VDI"] = "OpaqueRef:NULL",
            ["userdevice"] = "3",
            ["mode"] = "RO",
            ["type"] = "CD",
            ["empty"] = true,
            ["other_config"] = new Dictionary<string, string>(),
            [key] = value,
        };
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("VIF.create", Vif("locking_mode", "locked")));
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("VIF.create", Vif("qos_algorithm_type", "ratelimit")));
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("VBD.create", Vbd("qos_algorithm_type", "ionice")));
        await pool.CallAsync("VIF.create", Vif("locking_mode", "unlocked"));
        var drive = (await pool.CallAsync("VBD.create", Vbd("bootable", true))).GetString();
        await pool.CallAsync("VBD.set_bootable", drive, true);
        await pool.CallAsync("VBD.set_unpluggable", drive, false);
        await pool.CallAsync("VBD.set_type", drive, "CD");
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("VBD.set_bootable", drive!, false));
        Assert.Equal("VALUE_NOT_SUPPORTED", await CodeAsync("VBD.set_type", drive!, "Floppy"));
        Assert.Equal("INVALID_VALUE", await CodeAsync("VBD.set_type", drive!, "Disk")); // An empty disk.
    }

    private async Task<string?> CodeAsync(string message, params object[] arguments) =>
        (await pool.AnswerAsync(message, [pool.Session, .. arguments])).GetProperty("error").GetProperty("message").GetString();

    [Fact]
    public async Task A_VM_keeps_what_it_brings_along_and_may_lose_it()
    {
        var vm = await VmAsync(new() { ["VCPUs_params"] = new Dictionary<string, string> { ["weight"] = "512" } });
        Assert.Equal("512", (await pool.CallAsync("VM.get_VCPUs_params", vm)).GetProperty("weight").GetString());
        await pool.CallAsync("VM.remove_from_VCPUs_params", vm, "weight");
    }

    [Fact]
    public async Task An_MTU_is_one_that_a_network_can_have()
    {
        var network = (await pool.CallAsync("network.create", new Dictionary<string, object> { ["name_label"] = "n", ["other_config"] = new Dictionary<string, string>() })).GetString()!;
        await pool.CallAsync("network.set_MTU", network, "9000");
        Assert.Equal("9000", (await pool.CallAsync("network.get_MTU", network)).ToString());
        foreach (var wrong in new[] { "-1", "1", "67", "65536", "9223372036854775807" })
        {
            Assert.Equal(
                "INVALID_VALUE",
                (await pool.AnswerAsync("network.set_MTU", pool.Session, network, wrong)).GetProperty("error")
                    .GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task Networks_serve_disks_over_TLS_or_in_clear_and_not_both()
    {
        var network = await CreateNetworkAsync("n");
        var other = await CreateNetworkAsync("m");
        await pool.CallAsync("network.add_purpose", network, "nbd");
        await pool.CallAsync("network.add_purpose", network, "nbd");
        await pool.CallAsync("network.add_purpose", other, "nbd");
        foreach (var one in new[] { network, other })
        {
            Assert.Equal(
                ["NETWORK_INCOMPATIBLE_PURPOSES", "insecure_nbd", "nbd"],
                await pool.FailureAsync("network.add_purpose", one, "insecure_nbd"));
        }

        Assert.Equal(["nbd"], (await pool.CallAsync("network.get_purpose", network)).EnumerateArray().Select(p => p.GetString()));
        await pool.CallAsync("network.remove_purpose", network, "nbd");
        await pool.CallAsync("network.remove_purpose", other, "nbd");
        await pool.CallAsync("network.add_purpose", other, "insecure_nbd");
        await pool.CallAsync("network.remove_purpose", other, "insecure_nbd");
    }

    private async Task<string> CreateNetworkAsync(string name) => (await pool.CallAsync("network.create", new Dictionary<string, object>
    {
        ["name_label"] = name,
        ["other_config"] = new Dictionary<string, string>(),
    })).GetString()!;

    [Fact]
    public void Every_entry_is_a_field_that_can_be_set()
    {
        foreach (var effect in FieldEffects.All)
        {
            var (className, name) = effect.Field.Split('.') is [var c, var f] ? (c, f.Split(':')[0]) : default;
            var model = DataModel.Classes[className!];
            Assert.True(model.FindField(name!) is not null, effect.Field);
            Assert.True(model.Messages.ContainsKey("set_" + name) || model.Messages.ContainsKey("add_" + name), effect.Field);
            Assert.True(!effect.Field.Contains(':', StringComparison.Ordinal) || model.FindField(name!)!.Type is IMapType, effect.Field);
            Assert.All(effect.AsksNothing, text => Assert.NotNull(text));
        }
    }

    private async Task<string> VmAsync(Dictionary<string, object>? more = null)
    {
        var record = new Dictionary<string, object>
        {
            ["name_label"] = "v",
            ["memory_static_max"] = "67108864",
            ["memory_dynamic_max"] = "67108864",
            ["memory_dynamic_min"] = "67108864",
            ["memory_static_min"] = "67108864",
            ["VCPUs_max"] = "1",
            ["VCPUs_at_startup"] = "1",
            ["actions_after_crash"] = "restart",
            ["actions_after_reboot"] = "restart",
            ["actions_after_shutdown"] = "destroy",
        };
        foreach (var (key, value) in more ?? [])
        {
            record[key] = value;
        }

        return (await pool.CallAsync("VM.create", record)).GetString()!;
    }
}
