using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Two sites, and a vApp of one VM at the first, whose storage can be mirrored to the second.</summary>
internal sealed class RecoveryScene : IAsyncDisposable
{
    public required TestSite Primary { get; init; }

    public required TestSite Site { get; init; }

    public required Ref<SrRecord> Sr { get; init; }

    public required Ref<VdiRecord> Vdi { get; init; }

    public required Ref<VmRecord> Vm { get; init; }

    public required Ref<VmApplianceRecord> Appliance { get; init; }

    public string CopyPath => Path.Combine(Site.Root, "mirror");

    public static async Task<RecoveryScene> OpenAsync()
    {
        var primary = await TestSite.OpenAsync();
        var sr = await primary.CreateSrAsync("sr");
        var vdi = await primary.CreateVdiAsync(sr);
        var vm = await primary.CreateVmAsync("one");
        await primary.CreateVbdAsync(vm, vdi);
        await primary.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create", new VifRecord { Vm = vm, Network = await primary.CreateNetworkAsync("net"), Device = "0" });
        var appliance = await primary.Client.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", new VmApplianceRecord { NameLabel = "app" });
        await primary.Client.CallAsync("VM.set_appliance", vm, appliance);
        return new() { Primary = primary, Site = await TestSite.OpenAsync(), Sr = sr, Vdi = vdi, Vm = vm, Appliance = appliance };
    }

    /// <summary>Protects the SR, and lets the VM run, as it does when the disaster comes.</summary>
    public async Task ProtectAsync()
    {
        await Primary.Client.CallAsync("SR.enable_database_replication", Sr);
        await Primary.Client.CallAsync("VM.start", Vm, false, false);
    }

    public Task MarkVersionAsync(long version) =>
        Primary.Daemon.Services.Database.WriteAsync(tx => tx.Update(Vm, v => v with { Version = version }), TestSite.Cancel);

    /// <summary>Copies the storage as an array would have.</summary>
    public void Mirror()
    {
        using var copy = Process.Start("cp", ["-a", "--sparse=always", Path.Combine(Primary.Root, "sr"), CopyPath]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }

    /// <summary>Mirrors the storage, attaches it at the other site and opens the database on it.</summary>
    public async Task<TestClient> OpenForeignAsync()
    {
        Mirror();
        await Site.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", TestSite.Map(("location", CopyPath)), ImmutableList.Create(Primary.Get(Sr).Uuid));
        return await ReopenForeignAsync();
    }

    /// <summary>Opens the database on the storage that is attached.</summary>
    public async Task<TestClient> ReopenForeignAsync()
    {
        var volume = Assert.Single(Site.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata);
        return Site.Client.With(await Site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume.Ref));
    }

    public Ref<VmRecord> Recovered() => Site.Daemon.Services.State.FindByUuid<VmRecord>(Primary.Get(Vm).Uuid);

    public async ValueTask DisposeAsync()
    {
        await Site.DisposeAsync();
        await Primary.DisposeAsync();
    }
}
