using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The guests of this host, as the database has them. Asking the hypervisor and writing down what it says is one step here, so that an
/// answer that was overtaken is never written over a newer one.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "Lives as long as the process, and its semaphore has no handle.")]
internal sealed class Guests(PoolServices pool)
{
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Brings one VM up to date, and does more in the same transaction if asked to.</summary>
    /// <returns>The state of its domain; null: it has none.</returns>
    public async Task<DomainState?> RefreshAsync(Guid uuid, Action<Transaction, Ref<VmRecord>, DomainState?>? more, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var domain = await pool.Hypervisor.FindAsync(uuid, cancellationToken);
            await pool.Database.WriteAsync(
                tx =>
                {
                    var vm = tx.State.FindByUuid<VmRecord>(uuid.ToString("D"));
                    GuestStates.Apply(tx, vm, domain, pool.Host);
                    if (tx.Find(vm) is not null)
                    {
                        more?.Invoke(tx, vm, domain);
                    }
                },
                cancellationToken);
            return domain;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Brings every VM up to date.</summary>
    public async Task RefreshAllAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var domains = (await pool.Hypervisor.ListAsync(cancellationToken)).ToDictionary(d => d.Uuid.ToString("D"));
            await pool.Database.WriteAsync(
                tx =>
                {
                    foreach (var (reference, vm) in tx.State.All<VmRecord>().Where(v => v.Record is { IsControlDomain: false, IsASnapshot: false }).ToList())
                    {
                        GuestStates.Apply(tx, reference, domains.GetValueOrDefault(vm.Uuid), pool.Host);
                    }
                },
                cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Has the hypervisor do something with a VM, and writes down the state that follows.</summary>
    /// <exception cref="XenApiException">The hypervisor could not.</exception>
    public async Task DoAsync(Ref<VmRecord> vm, Func<Hypervisor, Guid, Task> act)
    {
        var uuid = VmRows.Uuid(pool.State.Get(vm));
        try
        {
            await act(pool.Hypervisor, uuid);
            await RefreshAsync(uuid, null, CancellationToken.None);
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, vm, pool.Host, null);
        }
    }
}
