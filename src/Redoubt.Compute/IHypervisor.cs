namespace Redoubt.Compute;

/// <summary>
/// A host that runs guests, as whoever decides has it: this machine's (<see cref="Hypervisor"/>), or another's, which does there what is
/// asked. What each promises stands with <see cref="Hypervisor"/>.
/// </summary>
/// <remarks>
/// What is asked of another machine goes there as values, so everything that is asked and answered is one. Of a call that fails with
/// <see cref="HypervisorFailure.ConnectionFailed"/> it is not known whether it was done.
/// </remarks>
public interface IHypervisor : IAsyncDisposable
{
    /// <inheritdoc cref="Hypervisor.Facts"/>
    HypervisorFacts Facts { get; }

    /// <inheritdoc cref="Hypervisor.Silent"/>
    IReadOnlyList<Guid> Silent { get; }

    /// <inheritdoc cref="Hypervisor.Strays"/>
    IReadOnlyDictionary<Guid, int> Strays { get; }

    /// <inheritdoc cref="Hypervisor.OpenQuestionLimit"/>
    int OpenQuestionLimit { get; }

    /// <inheritdoc cref="Hypervisor.Lost"/>
    Task<HypervisorException> Lost { get; }

    /// <inheritdoc cref="Hypervisor.HasBridge"/>
    bool HasBridge(string name);

    /// <inheritdoc cref="Hypervisor.GetMemoryAsync"/>
    Task<HostMemory> GetMemoryAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.MakeIsolatedBridgesAsync"/>
    Task<IReadOnlyList<string>> MakeIsolatedBridgesAsync(IReadOnlyList<string> names, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.RemoveUnusedBridgeAsync"/>
    Task RemoveUnusedBridgeAsync(string name, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.RemoveIsolatedBridgeAsync"/>
    Task RemoveIsolatedBridgeAsync(string name, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.StartAsync"/>
    Task StartAsync(DomainConfig config, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ListAsync"/>
    Task<IReadOnlyList<DomainState>> ListAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.FindAsync"/>
    Task<DomainState?> FindAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.AwaitAnswerAsync"/>
    Task AwaitAnswerAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.PauseAsync"/>
    Task PauseAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.UnpauseAsync"/>
    Task UnpauseAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ShutdownAsync"/>
    Task<GuestRoute> ShutdownAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.RebootAsync"/>
    Task<GuestRoute> RebootAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ResetAsync"/>
    Task ResetAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.DestroyAsync"/>
    Task<bool> DestroyAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.SetMemoryAsync"/>
    Task SetMemoryAsync(Guid uuid, long bytes, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.IsAgentConnectedAsync"/>
    Task<bool> IsAgentConnectedAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.PingAgentAsync"/>
    Task<bool> PingAgentAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ReadReportAsync"/>
    Task<GuestReport?> ReadReportAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.MeasureAsync"/>
    Task<IReadOnlyList<Reading>> MeasureAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ScreenshotAsync"/>
    Task<Screenshot> ScreenshotAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.EventsAsync"/>
    IAsyncEnumerable<DomainEvent> EventsAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.FindDevicesAsync"/>
    Task<GuestDevices?> FindDevicesAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.PlugDiskAsync"/>
    Task PlugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.UnplugDiskAsync"/>
    Task<UnplugResult> UnplugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ChangeMediumAsync"/>
    Task ChangeMediumAsync(Guid uuid, DomainDisk drive, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.PlugNicAsync"/>
    Task PlugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.UnplugNicAsync"/>
    Task<UnplugResult> UnplugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.MoveNicAsync"/>
    Task MoveNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ResizeDiskAsync"/>
    Task ResizeDiskAsync(Guid uuid, DomainDisk disk, long bytes, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.SetVcpusAsync"/>
    Task SetVcpusAsync(Guid uuid, int count, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.SaveAsync"/>
    Task SaveAsync(Guid uuid, string path, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.IsSavedAsync"/>
    Task<bool> IsSavedAsync(string path, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.RestoreAsync"/>
    Task RestoreAsync(DomainConfig config, string path, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.GoOnAsync"/>
    Task GoOnAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.BeginMigrationAsync"/>
    Task<MigratingGuest> BeginMigrationAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.SendAsync"/>
    Task SendAsync(Guid uuid, Func<double, Task> report, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ReceiveAsync"/>
    Task ReceiveAsync(DomainConfig config, MigratingGuest guest, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.CopyDisksAsync"/>
    Task CopyDisksAsync(Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.CopyQuietDisksAsync"/>
    Task CopyQuietDisksAsync(Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.CheckpointAsync"/>
    Task CheckpointAsync(
        Guid uuid, string path, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.ThawAsync"/>
    Task ThawAsync(Guid uuid, CancellationToken cancellationToken);

    /// <inheritdoc cref="Hypervisor.EndCopiesAsync"/>
    Task EndCopiesAsync(Guid uuid);
}
