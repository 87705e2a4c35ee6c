using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>Another host of the pool, as the one that coordinates it has it: what is asked of it its own daemon does.</summary>
internal sealed class RemoteHost : IHypervisor, IMigrationLines, IHostActs
{
    private readonly MemberConnection _connection;
    private readonly MemberWire.Greeted _greeted;
    private readonly Ref<HostRecord> _host;
    private volatile IReadOnlyList<string> _bridges;

    private RemoteHost(Ref<HostRecord> host, MemberConnection connection, MemberWire.Greeted greeted) =>
        (_host, _connection, _greeted, _bridges) = (host, connection, greeted, greeted.Bridges);

    public HypervisorFacts Facts => _greeted.Facts;

    public IReadOnlyList<Guid> Silent => _greeted.Silent;

    public IReadOnlyDictionary<Guid, int> Strays => _greeted.Strays;

    public int OpenQuestionLimit => _greeted.OpenQuestionLimit;

    public Task<HypervisorException> Lost => _connection.Lost;

    public string DataDirectory => _greeted.DataDirectory;

    public bool KeepsTpms => _greeted.KeepsTpms;

    /// <summary>Greets it.</summary>
    /// <exception cref="HypervisorException">It can't be reached, or does not take this host's word.</exception>
    public static async Task<IHypervisor> OpenAsync(
        Ref<HostRecord> host, string membersDirectory, string uuid, string address, TimeProvider time, CancellationToken cancellationToken)
    {
        var (connection, greeted) = await MemberConnection.OpenAsync(membersDirectory, uuid, address, time, cancellationToken);
        return new RemoteHost(host, connection, greeted);
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    // As of the last look, which comes before each start.
    public bool HasBridge(string name) => Facts.Platform.Accelerator == Accelerator.Test || _bridges.Contains(name);

    public async Task<HostMemory> GetMemoryAsync(CancellationToken cancellationToken)
    {
        _bridges = await _connection.CallAsync<IReadOnlyList<string>>("agent/ListBridgesAsync", [], cancellationToken);
        return await Guest<HostMemory>(nameof(GetMemoryAsync), [], cancellationToken);
    }

    public async Task<IReadOnlyList<string>> MakeIsolatedBridgesAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var made = await Guest<IReadOnlyList<string>>(nameof(MakeIsolatedBridgesAsync), [names], cancellationToken);
        _bridges = [.. _bridges.Union(made)];
        return made;
    }

    public Task RemoveUnusedBridgeAsync(string name, CancellationToken cancellationToken) =>
        Guest(nameof(RemoveUnusedBridgeAsync), [name], cancellationToken);

    public Task RemoveIsolatedBridgeAsync(string name, CancellationToken cancellationToken) =>
        Guest(nameof(RemoveIsolatedBridgeAsync), [name], cancellationToken);

    public Task StartAsync(DomainConfig config, CancellationToken cancellationToken) =>
        Guest(nameof(StartAsync), [config], cancellationToken);

    public Task<IReadOnlyList<DomainState>> ListAsync(CancellationToken cancellationToken) =>
        Guest<IReadOnlyList<DomainState>>(nameof(ListAsync), [], cancellationToken);

    public Task<DomainState?> FindAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<DomainState?>(nameof(FindAsync), [uuid], cancellationToken);

    public Task AwaitAnswerAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest(nameof(AwaitAnswerAsync), [uuid], cancellationToken);

    public Task PauseAsync(Guid uuid, CancellationToken cancellationToken) => Guest(nameof(PauseAsync), [uuid], cancellationToken);

    public Task UnpauseAsync(Guid uuid, CancellationToken cancellationToken) => Guest(nameof(UnpauseAsync), [uuid], cancellationToken);

    public Task<GuestRoute> ShutdownAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<GuestRoute>(nameof(ShutdownAsync), [uuid], cancellationToken);

    public Task<GuestRoute> RebootAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<GuestRoute>(nameof(RebootAsync), [uuid], cancellationToken);

    public Task ResetAsync(Guid uuid, CancellationToken cancellationToken) => Guest(nameof(ResetAsync), [uuid], cancellationToken);

    public Task<bool> DestroyAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<bool>(nameof(DestroyAsync), [uuid], cancellationToken);

    public Task SetMemoryAsync(Guid uuid, long bytes, CancellationToken cancellationToken) =>
        Guest(nameof(SetMemoryAsync), [uuid, bytes], cancellationToken);

    public Task<bool> IsAgentConnectedAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<bool>(nameof(IsAgentConnectedAsync), [uuid], cancellationToken);

    public Task<bool> PingAgentAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken) =>
        Guest<bool>(nameof(PingAgentAsync), [uuid, limit], cancellationToken);

    public Task<GuestReport?> ReadReportAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken) =>
        Guest<GuestReport?>(nameof(ReadReportAsync), [uuid, limit], cancellationToken);

    public Task<IReadOnlyList<Reading>> MeasureAsync(CancellationToken cancellationToken) =>
        Guest<IReadOnlyList<Reading>>(nameof(MeasureAsync), [], cancellationToken);

    public Task<Screenshot> ScreenshotAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<Screenshot>(nameof(ScreenshotAsync), [uuid], cancellationToken);

    public IAsyncEnumerable<DomainEvent> EventsAsync(CancellationToken cancellationToken) =>
        _connection.StreamAsync<DomainEvent>($"hypervisor/{nameof(EventsAsync)}", cancellationToken);

    public Task<GuestDevices?> FindDevicesAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<GuestDevices?>(nameof(FindDevicesAsync), [uuid], cancellationToken);

    public Task PlugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken) =>
        Guest(nameof(PlugDiskAsync), [uuid, disk], cancellationToken);

    public Task<UnplugResult> UnplugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken) =>
        Guest<UnplugResult>(nameof(UnplugDiskAsync), [uuid, disk], cancellationToken);

    public Task ChangeMediumAsync(Guid uuid, DomainDisk drive, CancellationToken cancellationToken) =>
        Guest(nameof(ChangeMediumAsync), [uuid, drive], cancellationToken);

    public Task PlugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken) =>
        Guest(nameof(PlugNicAsync), [uuid, nic], cancellationToken);

    public Task<UnplugResult> UnplugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken) =>
        Guest<UnplugResult>(nameof(UnplugNicAsync), [uuid, nic], cancellationToken);

    public Task MoveNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken) =>
        Guest(nameof(MoveNicAsync), [uuid, nic], cancellationToken);

    public Task ResizeDiskAsync(Guid uuid, DomainDisk disk, long bytes, CancellationToken cancellationToken) =>
        Guest(nameof(ResizeDiskAsync), [uuid, disk, bytes], cancellationToken);

    public Task SetVcpusAsync(Guid uuid, int count, CancellationToken cancellationToken) =>
        Guest(nameof(SetVcpusAsync), [uuid, count], cancellationToken);

    public Task SaveAsync(Guid uuid, string path, CancellationToken cancellationToken) =>
        Guest(nameof(SaveAsync), [uuid, path], cancellationToken);

    public Task<bool> IsSavedAsync(string path, CancellationToken cancellationToken) =>
        Guest<bool>(nameof(IsSavedAsync), [path], cancellationToken);

    public Task RestoreAsync(DomainConfig config, string path, CancellationToken cancellationToken) =>
        Guest(nameof(RestoreAsync), [config, path], cancellationToken);

    public Task GoOnAsync(Guid uuid, CancellationToken cancellationToken) => Guest(nameof(GoOnAsync), [uuid], cancellationToken);

    public Task<MigratingGuest> BeginMigrationAsync(Guid uuid, CancellationToken cancellationToken) =>
        Guest<MigratingGuest>(nameof(BeginMigrationAsync), [uuid], cancellationToken);

    public Task SendAsync(Guid uuid, Func<double, Task> report, CancellationToken cancellationToken) =>
        _connection.CallAsync<bool?>($"hypervisor/{nameof(SendAsync)}", [uuid], cancellationToken, report);

    public Task ReceiveAsync(DomainConfig config, MigratingGuest guest, CancellationToken cancellationToken) =>
        Guest(nameof(ReceiveAsync), [config, guest], cancellationToken);

    public Task<Stream> OpenMigrationAsync(Guid uuid, bool isArriving, CancellationToken cancellationToken) =>
        _connection.ConnectAsync(uuid, isArriving ? MemberWire.Arriving : MemberWire.Leaving, cancellationToken);

    public Task CopyDisksAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken) =>
        _connection.CallAsync<bool?>($"hypervisor/{nameof(CopyDisksAsync)}", [uuid, copies], cancellationToken, report);

    public Task CopyQuietDisksAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken) =>
        _connection.CallAsync<bool?>($"hypervisor/{nameof(CopyQuietDisksAsync)}", [uuid, copies], cancellationToken, report);

    public Task CheckpointAsync(
        Guid uuid, string path, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken) =>
        _connection.CallAsync<bool?>($"hypervisor/{nameof(CheckpointAsync)}", [uuid, path, copies], cancellationToken, report);

    public Task ThawAsync(Guid uuid, CancellationToken cancellationToken) => Guest(nameof(ThawAsync), [uuid], cancellationToken);

    public Task EndCopiesAsync(Guid uuid) => Guest(nameof(EndCopiesAsync), [uuid], CancellationToken.None);

    public Task CreateSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        OnStorage<bool?>(nameof(CreateSrAsync), [type, uuid, deviceConfig], cancellationToken);

    public async Task<ISr> AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        await Act<bool?>(nameof(AttachSrAsync), [type, uuid, deviceConfig, access], cancellationToken);
        return new RemoteSr(this, uuid, access);
    }

    public Task DestroySrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        OnStorage<bool?>(nameof(DestroySrAsync), [type, uuid, deviceConfig], cancellationToken);

    public Task ForgetEarlierAsync(CancellationToken cancellationToken) =>
        Act<bool?>(nameof(ForgetEarlierAsync), [], cancellationToken);

    public Task<string> FindBootFileAsync(string path, CancellationToken cancellationToken) =>
        OnStorage<string>(nameof(FindBootFileAsync), [path], cancellationToken);

    public Task<IReadOnlyList<FirmwareTimes>> ListFirmwareAsync(CancellationToken cancellationToken) =>
        OnStorage<IReadOnlyList<FirmwareTimes>>(nameof(ListFirmwareAsync), [], cancellationToken);

    public Task<FirmwareContent> ReadFirmwareAsync(Guid vm, CancellationToken cancellationToken) =>
        OnStorage<FirmwareContent>(nameof(ReadFirmwareAsync), [vm], cancellationToken);

    public Task LayFirmwareAsync(Guid vm, FirmwareContent content, CancellationToken cancellationToken) =>
        OnStorage<bool?>(nameof(LayFirmwareAsync), [vm, content], cancellationToken);

    public Task<long> MeasureConsoleLogAsync(Guid vm, CancellationToken cancellationToken) =>
        OnStorage<long>(nameof(MeasureConsoleLogAsync), [vm], cancellationToken);

    public Task<string> ReadConsoleLogAsync(Guid vm, long offset, CancellationToken cancellationToken) =>
        OnStorage<string>(nameof(ReadConsoleLogAsync), [vm, offset], cancellationToken);

    public Task<long> FindConsoleLogBeginAsync(Guid vm, CancellationToken cancellationToken) =>
        OnStorage<long>(nameof(FindConsoleLogBeginAsync), [vm], cancellationToken);

    public Task FlushAsync(string path, CancellationToken cancellationToken) =>
        OnStorage<bool?>(nameof(FlushAsync), [path], cancellationToken);

    public Task<Stream> ConnectAsync(Guid vm, bool isScreen, CancellationToken cancellationToken) =>
        _connection.ConnectAsync(vm, isScreen ? MemberWire.Screen : MemberWire.Serial, cancellationToken);

    private Task<T> OnStorage<T>(string method, object?[] arguments, CancellationToken cancellationToken) =>
        AskAsync<T>($"storage/{method}", arguments, cancellationToken);

    /// <summary>Has its daemon hold something, or let it go.</summary>
    /// <exception cref="XenApiException"><c>HOST_OFFLINE</c>: whether it did is not known.</exception>
    internal Task<T> Act<T>(string method, object?[] arguments, CancellationToken cancellationToken) =>
        AskAsync<T>($"agent/{method}", arguments, cancellationToken);

    /// <summary>The same of an SR that it has attached.</summary>
    internal Task<T> OnSr<T>(SrUuid sr, string method, object?[] arguments, CancellationToken cancellationToken) =>
        AskAsync<T>($"sr/{method}?sr={sr}", arguments, cancellationToken);

    private async Task<T> AskAsync<T>(string path, object?[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.CallAsync<T>(path, arguments, cancellationToken);
        }
        catch (HypervisorException lost)
        {
            throw new XenApiException(lost, "HOST_OFFLINE", _host.Opaque);
        }
    }

    private Task<T> Guest<T>(string method, object?[] arguments, CancellationToken cancellationToken) =>
        _connection.CallAsync<T>($"hypervisor/{method}", arguments, cancellationToken);

    private Task<bool?> Guest(string method, object?[] arguments, CancellationToken cancellationToken) =>
        Guest<bool?>(method, arguments, cancellationToken);
}
