using System.Collections.Concurrent;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The guests of the pool's hosts, as the database has them. An answer of the hypervisor that was overtaken is never written over a newer
/// one: each look takes a number before it asks, and what a look with a higher number has written holds. So nobody waits for anybody, and a
/// guest that the hypervisor can't be asked about holds up no other.
/// </summary>
internal sealed class Guests(PoolServices pool, FirmwareFiles firmware)
{
    private static readonly TimeSpan RebootEcho = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, long> _written = new();
    private readonly ConcurrentDictionary<Guid, bool> _ended = new();
    private readonly ConcurrentDictionary<Guid, long> _rebooted = new();
    private long _looks;

    /// <summary>Brings one VM up to date, and does more in the same transaction if asked to.</summary>
    /// <returns>The state of its domain; null: it has none.</returns>
    public Task<DomainState?> RefreshAsync(
        Guid uuid, Action<Transaction, Ref<VmRecord>, DomainState?>? more, CancellationToken cancellationToken) =>
        RefreshAsync(At(uuid), uuid, isGivenUp: false, more, cancellationToken);

    /// <inheritdoc cref="RefreshAsync(Guid, Action{Transaction, Ref{VmRecord}, DomainState?}?, CancellationToken)"/>
    /// <param name="at">The host that is asked.</param>
    /// <param name="uuid">The VM.</param>
    /// <param name="isGivenUp">Whether the start is given up that is noted as under way.</param>
    /// <param name="more">What more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<DomainState?> RefreshAsync(
        HostLink at, Guid uuid, bool isGivenUp, Action<Transaction, Ref<VmRecord>, DomainState?>? more, CancellationToken cancellationToken)
    {
        while (true)
        {
            var look = Interlocked.Increment(ref _looks);
            var domain = await at.Hypervisor.FindAsync(uuid, cancellationToken);

            // From here on nothing is waited for but the database.
            using var held = domain is null && at.Origin is null && await FirmwareFiles.HasAsync(at, uuid, cancellationToken)
                ? await firmware.HoldAsync(uuid, cancellationToken)
                : null;
            var hasEnded = held is not null && (isGivenUp || HasEnded(at, uuid));
            var variables = hasEnded ? await FirmwareFiles.TakeFromAsync(at, uuid) : null;
            var hasEndedByItself = false;
            var holds = await pool.Database.WriteAsync(
                tx =>
                {
                    var vm = tx.State.FindByUuid<VmRecord>(uuid.ToString("D"));
                    if (tx.Find(vm) is { } elsewhere && !GuestStates.CanBeAt(tx, elsewhere, at.Host))
                    {
                        return true;
                    }

                    if (!IsNewest(uuid, look))
                    {
                        return false;
                    }

                    if (tx.Find(vm) is { } record && pool.Hosts.IsAt(at, record))
                    {
                        // What another host has left of a VM that has been elsewhere since is older.
                        variables?.Invoke(tx, vm);
                    }

                    hasEndedByItself = GuestStates.Apply(tx, vm, domain, at);
                    if (tx.Find(vm) is not null)
                    {
                        more?.Invoke(tx, vm, domain);
                    }

                    return true;
                },
                cancellationToken);
            if (holds)
            {
                Note(uuid, domain, hasEndedByItself);
                if (hasEnded)
                {
                    await FirmwareFiles.RemoveAsync(at, uuid);
                }

                await at.Disks.SettleAsync(pool.State, uuid);
                return domain;
            }
        }
    }

    /// <summary>Brings every VM up to date that is at a host, or nowhere.</summary>
    public async Task RefreshAllAsync(HostLink at, CancellationToken cancellationToken)
    {
        var look = Interlocked.Increment(ref _looks);
        var domains = (await at.Hypervisor.ListAsync(cancellationToken)).ToDictionary(d => d.Uuid.ToString("D"));
        foreach (var ended in at.Origin is null ? await FirmwareFiles.AllAsync(at, cancellationToken) : [])
        {
            if (!domains.ContainsKey(ended.Vm.ToString("D")))
            {
                await RefreshAsync(at, ended.Vm, isGivenUp: false, null, cancellationToken);
            }
        }

        var looked = new List<(Guid Uuid, DomainState? Domain, bool HasEndedByItself)>();
        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var (reference, vm) in tx.State.All<VmRecord>()
                    .Where(v => v.Record is { IsControlDomain: false, IsASnapshot: false } && at.Drives(v.Record)).ToList())
                {
                    DeviceRows.Refresh(tx, vm);
                    if (GuestStates.CanBeAt(tx, vm, at.Host) && IsNewest(VmRows.Uuid(vm), look))
                    {
                        var domain = domains.GetValueOrDefault(vm.Uuid);
                        looked.Add((VmRows.Uuid(vm), domain, GuestStates.Apply(tx, reference, domain, at)));
                    }
                }
            },
            cancellationToken);
        looked.ForEach(l => Note(l.Uuid, l.Domain, l.HasEndedByItself));
        await at.Disks.SettleAllAsync(pool.State);
    }

    /// <summary>Lays out what the firmware of a VM that is about to start at a host has kept.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: there is no room, or no right, or what it kept is
    /// sealed.</exception>
    public async Task LayFirmwareAsync(HostLink at, Ref<VmRecord> vm)
    {
        VirtualTpms.RequireOpen(pool.State, pool.State.Get(vm));
        try
        {
            await firmware.LayAsync(at, vm);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED",
                $"What the firmware of the VM {pool.State.Get(vm).NameLabel} keeps can't be laid out in the "
                    + $"daemon's directory: {e.Message}");
        }
    }

    /// <summary>Has the hypervisor do something with a VM, and writes down the state that follows.</summary>
    /// <exception cref="XenApiException">The hypervisor could not.</exception>
    public async Task DoAsync(Ref<VmRecord> vm, Func<IHypervisor, Guid, Task> act)
    {
        var record = pool.State.Get(vm);
        var (at, uuid) = (pool.Hosts.Of(record), VmRows.Uuid(record));
        try
        {
            await act(at.Hypervisor, uuid);
            await RefreshAsync(at, uuid, isGivenUp: false, null, CancellationToken.None);
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, vm, at.Host, null);
        }
    }

    /// <summary>Notes that a guest reboots now because somebody asks for it.</summary>
    public void ExpectReboot(Guid uuid) => _rebooted[uuid] = pool.Time.GetTimestamp();

    /// <summary>Whether a guest that has rebooted was asked to. More than one event may tell of one reboot.</summary>
    public bool WasRebootExpected(Guid uuid) => _rebooted.TryGetValue(uuid, out var asked) && pool.Time.GetElapsedTime(asked) < RebootEcho;

    /// <summary>Whether a guest that is said to have ended did so by itself, whoever has found that out; once for each end.</summary>
    public bool HasEndedByItself(Guid uuid) => _ended.TryRemove(uuid, out _);

    private void Note(Guid uuid, DomainState? domain, bool hasEndedByItself)
    {
        if (hasEndedByItself)
        {
            _ended[uuid] = true;
        }
        else if (domain is not null)
        {
            _ended.TryRemove(uuid, out _);
        }
    }

    private HostLink At(Guid uuid) =>
        pool.State.Find(pool.State.FindByUuid<VmRecord>(uuid.ToString("D"))) is { } vm ? pool.Hosts.Of(vm) : pool.Hosts.Local;

    // A VM without a guest that is being started or resumed, or that is about to come here, is about to have one, and its file was laid
    // for that.
    private bool HasEnded(HostLink at, Guid uuid) => pool.State.Find(pool.State.FindByUuid<VmRecord>(uuid.ToString("D"))) is not { } vm
        || (!Moves.IsAwaited(vm, at.Host)
            && (vm.PowerState is VmPowerState.Running or VmPowerState.Paused || vm.CurrentOperations.IsEmpty));

    /// <summary>Whether nothing newer has been written; within a transaction, of which there is one at a time.</summary>
    private bool IsNewest(Guid uuid, long look) => _written.AddOrUpdate(uuid, look, (_, written) => Math.Max(written, look)) == look;
}
