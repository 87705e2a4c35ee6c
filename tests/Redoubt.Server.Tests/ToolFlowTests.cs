namespace Redoubt.Server.Tests;

/// <summary>What tools send one after the other, in their own spelling of it.</summary>
public sealed class ToolFlowTests(TestPool pool) : IClassFixture<TestPool>
{
    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>As <c>community.general.xenserver_guest</c> makes a VM from a template of the server's, changes, starts and removes
    /// it.</summary>
    [Theory]
    [InlineData("VM.clone")]
    [InlineData("VM.copy")]
    public async Task Ansible_makes_a_VM_from_a_template_and_removes_it(string copying)
    {
        var sr = await pool.CreateSrAsync();
        var name = "ansible " + copying;
        var disks = "<provision><disk bootable=\"true\" device=\"0\" size=\"10737418240\" sr=\"\" type=\"system\"/></provision>";
        var template = await CreateTemplateAsync(name + " template", new() { ["default_template"] = "true", ["disks"] = disks });
        Assert.Equal(template, (await pool.CallAsync("VM.get_by_name_label", name + " template"))[0].GetString());

        // An empty text for the SR that is not chosen.
        var vm = (await pool.CallAsync(copying, copying == "VM.copy" ? [template, name, ""] : [template, name])).GetString()!;
        await pool.CallAsync("VM.set_name_description", vm, "");
        Assert.True((await pool.CallAsync("VM.get_other_config", template)).TryGetProperty("default_template", out _));
        var config = (await pool.CallAsync("VM.get_other_config", vm)).EnumerateObject().ToDictionary(
            p => p.Name, p => p.Value.GetString()!);
        Assert.True(config.Remove("disks"));
        await pool.CallAsync("VM.set_other_config", vm, config);
        await pool.CallAsync("VM.provision", vm);
        var record = await pool.CallAsync("VM.get_record", vm);
        Assert.False(record.GetProperty("is_a_template").GetBoolean());
        Assert.Empty(record.GetProperty("VBDs").EnumerateArray());

        await pool.CallAsync("VM.set_memory_limits", vm, "134217728", "268435456", "268435456", "268435456");
        await pool.CallAsync("VM.set_VCPUs_max", vm, "2");
        await pool.CallAsync("VM.set_VCPUs_at_startup", vm, "2");
        await pool.CallAsync("VM.set_platform", vm, new Dictionary<string, string> { ["cores-per-socket"] = "2" });
        var vdi = (await pool.CallAsync("VDI.create", new
        {
            name_label = name + " disk",
            name_description = "",
            SR = sr,
            virtual_size = "1048576",
            type = "user",
            sharable = false,
            read_only = false,
            other_config = Nothing,
            xenstore_data = Nothing,
            sm_config = Nothing,
        })).GetString()!;
        await pool.CallAsync("VBD.create", Vbd(vm, vdi, "0", "Disk", "RW", empty: false));
        var cd = (await pool.CallAsync("VBD.create", Vbd(vm, "OpaqueRef:NULL", "3", "CD", "RO", empty: true))).GetString();
        var network = (await pool.CallAsync("network.create", new { name_label = name, other_config = Nothing })).GetString();
        await pool.CallAsync("VM.add_to_xenstore_data", vm, "vm-data/networks/0/name", name);
        await pool.CallAsync("VIF.create", new
        {
            device = "0",
            network,
            VM = vm,
            MAC = "",
            MTU = "1500",
            other_config = Nothing,
            qos_algorithm_type = "",
            qos_algorithm_params = Nothing,
        });
        var devices = await Task.WhenAll(
            (await pool.CallAsync("VM.get_VBDs", vm)).EnumerateArray().Select(
                async b => (await pool.CallAsync("VBD.get_userdevice", b.GetString())).GetString()!));
        Assert.Equal(["0", "3"], devices.Order());
        await pool.CallAsync("VM.start", vm, false, false);
        Assert.Equal("Running", (await pool.CallAsync("VM.get_power_state", vm)).GetString());

        await pool.CallAsync("VM.hard_shutdown", vm);
        await pool.CallAsync("VM.destroy", vm);
        await pool.CallAsync("VDI.destroy", vdi);
        await pool.CallAsync("VM.destroy", template);
        Assert.Equal(["HANDLE_INVALID", "VBD", cd!], await pool.FailureAsync("VBD.get_uuid", cd));
    }

    /// <summary>As Xen Orchestra makes a VM: cloned as a task, no disks of the template's, its own in their place.</summary>
    [Fact]
    public async Task Xen_Orchestra_makes_a_VM_from_a_template_as_tasks()
    {
        var template = await CreateTemplateAsync(
            "xo template", new() { ["disks"] = "<provision><disk device=\"0\" size=\"1048576\" sr=\"\"/></provision>" });
        var vm = await FinishAsync("Async.VM.clone", template, "xo");
        await pool.CallAsync("VM.remove_from_other_config", vm, "disks");
        Assert.Equal("", await FinishAsync("Async.VM.provision", vm));
        Assert.False((await pool.CallAsync("VM.get_is_a_template", vm)).GetBoolean());
        var operations = (await pool.CallAsync("VM.get_allowed_operations", template)).EnumerateArray().Select(o => o.GetString()).ToList();
        Assert.Superset(new HashSet<string?> { "clone", "copy", "provision" }, operations.ToHashSet());
        await pool.CallAsync("VM.destroy", vm);
    }

    private static object Vbd(string vm, string vdi, string device, string type, string mode, bool empty) => new
    {
        VM = vm,
        VDI = vdi,
        userdevice = device,
        bootable = false,
        mode,
        type,
        empty,
        other_config = Nothing,
        qos_algorithm_type = "",
        qos_algorithm_params = Nothing,
    };

    private async Task<string> CreateTemplateAsync(string name, Dictionary<string, string> config) => (await pool.CallAsync("VM.create", new
    {
        name_label = name,
        is_a_template = true,
        memory_static_min = "134217728",
        memory_dynamic_min = "268435456",
        memory_dynamic_max = "268435456",
        memory_static_max = "268435456",
        VCPUs_max = "1",
        VCPUs_at_startup = "1",
        HVM_boot_policy = "BIOS order",
        other_config = config,
    })).GetString()!;

    /// <summary>The answer of a task.</summary>
    private async Task<string> FinishAsync(string message, params object?[] arguments)
    {
        var task = await pool.FinishedAsync((await pool.CallAsync(message, arguments)).GetString()!);
        Assert.Equal("success", task.GetProperty("status").GetString());
        return task.GetProperty("result").GetString()!.Replace("<value>", "", StringComparison.Ordinal).Replace(
            "</value>", "", StringComparison.Ordinal);
    }
}
