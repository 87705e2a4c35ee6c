namespace Redoubt.Server.Tests.Golden;

/// <summary>A pool that has an object of every class whose records were recorded.</summary>
public sealed class GoldenPool : IAsyncLifetime
{
    public TestPool Pool { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Pool.InitializeAsync();
        var sr = await Pool.CreateSrAsync();
        var app = await CreateAsync("VM_appliance", new { name_label = "shop", name_description = "web shop" });
        var vm = await CreateAsync("VM", new
        {
            name_label = "db",
            name_description = "",
            user_version = 1,
            memory_static_max = 64 << 20,
            memory_static_min = 64 << 20,
            memory_dynamic_max = 64 << 20,
            memory_dynamic_min = 64 << 20,
            VCPUs_max = 1,
            VCPUs_at_startup = 1,
            appliance = app,
            actions_after_shutdown = "destroy",
            actions_after_reboot = "restart",
            actions_after_crash = "restart",
            HVM_boot_policy = "BIOS order",
            HVM_boot_params = new { order = "c" },
            other_config = new { k = "v" },
        });
        var vdi = await CreateAsync("VDI", new
        {
            name_label = "db-disk",
            name_description = "",
            SR = sr,
            virtual_size = 1 << 20,
            type = "user",
            sharable = false,
            read_only = false,
            other_config = new { },
        });
        await CreateAsync("VBD", new
        {
            VM = vm,
            VDI = vdi,
            userdevice = "0",
            bootable = true,
            mode = "RW",
            type = "Disk",
            empty = false,
            unpluggable = true,
            other_config = new { },
            qos_algorithm_type = "",
            qos_algorithm_params = new { },
        });
        await CreateAsync("VIF", new
        {
            VM = vm,
            network = await CreateNetworkAsync(),
            device = "0",
            MAC = "",
            MTU = 1500,
            other_config = new { },
            qos_algorithm_type = "",
            qos_algorithm_params = new { },
            locking_mode = "network_default",
        });
        await FinishedTaskAsync();
    }

    public ValueTask DisposeAsync() => Pool.DisposeAsync();

    /// <summary>A network.</summary>
    public Task<string> CreateNetworkAsync() =>
        CreateAsync(
            "network", new { name_label = "front", name_description = "", MTU = 1500, other_config = new { }, tags = new[] { "t" } });

    /// <summary>A network that is gone again.</summary>
    public async Task<string> DestroyedNetworkAsync()
    {
        var network = await CreateNetworkAsync();
        await Pool.CallAsync("network.destroy", network);
        return network;
    }

    /// <summary>A task that is over.</summary>
    public async Task<string> FinishedTaskAsync()
    {
        var task = (await Pool.CallAsync("Async.network.create", new { name_label = "cap-net", name_description = "", other_config = new { } })).GetString()!;
        await Pool.FinishedAsync(task);
        return task;
    }

    private async Task<string> CreateAsync(string @class, object record) => (await Pool.CallAsync(@class + ".create", record)).GetString()!;
}
