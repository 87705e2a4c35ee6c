using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps two calls from changing the same object at once: a call notes in <c>current_operations</c> what it does, and a call that finds
/// another's note is refused.
/// </summary>
internal static class Operations
{
    /// <summary>Checks that a VM may do this now, and notes that it does, in one step. Ended by disposing of the answer.</summary>
    /// <exception cref="XenApiException">
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>, or what <paramref name="check"/> throws.
    /// </exception>
    public static async Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VmRecord> vm, VmOperations operation, Action<VmRecord> check)
    {
        var task = call.Task.Ref.Opaque;
        await database.WriteAsync(
            tx =>
            {
                var record = tx.Get(vm);
                Refuse("VM", vm.Opaque, record.CurrentOperations, VmOperationsType.Instance);
                check(record);
                tx.Update(vm, v => WithAllowed(v with { CurrentOperations = v.CurrentOperations.SetItem(task, operation) }));
            },
            call.Cancellation);
        return new Ending(() => database.WriteAsync(
            tx =>
            {
                if (tx.Find(vm) is not null)
                {
                    tx.Update(vm, v => WithAllowed(v with { CurrentOperations = v.CurrentOperations.Remove(task) }));
                }
            },
            CancellationToken.None));
    }

    /// <inheritdoc cref="BeginAsync(PoolDatabase, CallContext, Ref{VmRecord}, VmOperations, Action{VmRecord})"/>
    public static async Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VmApplianceRecord> appliance, VmApplianceOperation operation, Action<VmApplianceRecord> check)
    {
        var task = call.Task.Ref.Opaque;
        await database.WriteAsync(
            tx =>
            {
                var record = tx.Get(appliance);
                Refuse("VM_appliance", appliance.Opaque, record.CurrentOperations, VmApplianceOperationType.Instance);
                check(record);
                tx.Update(appliance, a => AllowedOperations.Apply(tx, a with { CurrentOperations = a.CurrentOperations.SetItem(task, operation) }));
            },
            call.Cancellation);
        return new Ending(() => database.WriteAsync(
            tx =>
            {
                if (tx.Find(appliance) is not null)
                {
                    tx.Update(appliance, a => AllowedOperations.Apply(tx, a with { CurrentOperations = a.CurrentOperations.Remove(task) }));
                }
            },
            CancellationToken.None));
    }

    /// <inheritdoc cref="BeginAsync(PoolDatabase, CallContext, Ref{VmRecord}, VmOperations, Action{VmRecord})"/>
    public static async Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<SrRecord> sr, StorageOperations operation)
    {
        var task = call.Task.Ref.Opaque;
        await database.WriteAsync(
            tx =>
            {
                Refuse("SR", sr.Opaque, tx.Get(sr).CurrentOperations, StorageOperationsType.Instance);
                tx.Update(sr, s => s with { CurrentOperations = s.CurrentOperations.SetItem(task, operation) });
            },
            call.Cancellation);
        return new Ending(() => database.WriteAsync(
            tx =>
            {
                if (tx.Find(sr) is not null)
                {
                    tx.Update(sr, s => s with { CurrentOperations = s.CurrentOperations.Remove(task) });
                }
            },
            CancellationToken.None));
    }

    /// <inheritdoc cref="BeginAsync(PoolDatabase, CallContext, Ref{VmRecord}, VmOperations, Action{VmRecord})"/>
    public static async Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VdiRecord> vdi, VdiOperations operation, Action<DatabaseState, VdiRecord> check)
    {
        var task = call.Task.Ref.Opaque;
        await database.WriteAsync(
            tx =>
            {
                var record = tx.Get(vdi);
                Refuse("VDI", vdi.Opaque, record.CurrentOperations, VdiOperationsType.Instance);
                check(tx.State, record);
                tx.Update(vdi, v => v with { CurrentOperations = v.CurrentOperations.SetItem(task, operation) });
            },
            call.Cancellation);
        return new Ending(() => database.WriteAsync(
            tx =>
            {
                if (tx.Find(vdi) is not null)
                {
                    tx.Update(vdi, v => v with { CurrentOperations = v.CurrentOperations.Remove(task) });
                }
            },
            CancellationToken.None));
    }

    /// <summary>The VM's record with the operations that its state allows.</summary>
    public static VmRecord WithAllowed(VmRecord vm) => vm with { AllowedOperations = AllowedOperations.Of(vm) };

    private static void Refuse<T>(string className, string reference, ImmutableSortedDictionary<string, T> current, EnumType<T> names)
        where T : struct, Enum
    {
        foreach (var (task, operation) in current)
        {
            throw new XenApiException("OTHER_OPERATION_IN_PROGRESS", className, reference, names.Encode(operation), task);
        }
    }

    private sealed class Ending(Func<Task> end) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(end());
    }
}
