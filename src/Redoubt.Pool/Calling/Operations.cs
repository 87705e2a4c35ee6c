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
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VmRecord> vm, VmOperations operation, Action<VmRecord> check) =>
        NoteAsync(database, call, vm, operation, VmOperationsType.Instance, v => v.CurrentOperations,
            (_, v, now) => WithAllowed(v with { CurrentOperations = now }), (tx, v) =>
            {
                DeviceRows.RequireIdle(tx, v);
                check(v);
            });

    /// <inheritdoc cref="BeginAsync(PoolDatabase, CallContext, Ref{VmRecord}, VmOperations, Action{VmRecord})"/>
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VmApplianceRecord> appliance, VmApplianceOperation operation,
        Action<VmApplianceRecord> check) =>
        NoteAsync(database, call, appliance, operation, VmApplianceOperationType.Instance, a => a.CurrentOperations,
            (tx, a, now) => AllowedOperations.Apply(tx, a with { CurrentOperations = now }), (_, a) => check(a));

    /// <summary>Notes what is done with an SR. Ended by disposing of the answer.</summary>
    /// <exception cref="XenApiException"><c>OTHER_OPERATION_IN_PROGRESS</c>.</exception>
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<SrRecord> sr, StorageOperations operation) =>
        NoteAsync(database, call, sr, operation, StorageOperationsType.Instance, s => s.CurrentOperations,
            (_, s, now) => s with { CurrentOperations = now }, (_, _) => { });

    /// <inheritdoc cref="BeginAsync(PoolDatabase, CallContext, Ref{VmRecord}, VmOperations, Action{VmRecord})"/>
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VdiRecord> vdi, VdiOperations operation, Action<DatabaseState, VdiRecord> check) =>
        NoteAsync(database, call, vdi, operation, VdiOperationsType.Instance, v => v.CurrentOperations,
            (_, v, now) => v with { CurrentOperations = now }, (tx, v) => check(tx.State, v));

    /// <summary>Notes what is done with a drive; nothing may be under way with its VM.</summary>
    /// <exception cref="XenApiException">
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>, or what <paramref name="check"/> throws.
    /// </exception>
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VbdRecord> vbd, VbdOperations operation, Action<Transaction, VbdRecord> check) =>
        NoteAsync(database, call, vbd, operation, VbdOperationsType.Instance, b => b.CurrentOperations, WithAllowed, (tx, b) =>
        {
            VmRows.RequireChangeable(b.Vm, tx.Get(b.Vm));
            check(tx, b);
        });

    /// <summary>Notes what is done with an interface; nothing may be under way with its VM.</summary>
    /// <exception cref="XenApiException">
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>, or what <paramref name="check"/> throws.
    /// </exception>
    public static Task<IAsyncDisposable> BeginAsync(
        PoolDatabase database, CallContext call, Ref<VifRecord> vif, VifOperations operation, Action<Transaction, VifRecord> check) =>
        NoteAsync(database, call, vif, operation, VifOperationsType.Instance, v => v.CurrentOperations, WithAllowed, (tx, v) =>
        {
            VmRows.RequireChangeable(v.Vm, tx.Get(v.Vm));
            check(tx, v);
        });

    private static VbdRecord WithAllowed(Transaction tx, VbdRecord vbd, ImmutableSortedDictionary<string, VbdOperations> now)
    {
        var noted = vbd with { CurrentOperations = now };
        return noted with { AllowedOperations = AllowedOperations.Of(noted, tx.Find(vbd.Vm)?.PowerState ?? VmPowerState.Halted) };
    }

    private static VifRecord WithAllowed(Transaction tx, VifRecord vif, ImmutableSortedDictionary<string, VifOperations> now)
    {
        var noted = vif with { CurrentOperations = now };
        return noted with { AllowedOperations = AllowedOperations.Of(noted, tx.Find(vif.Vm)?.PowerState ?? VmPowerState.Halted) };
    }

    /// <summary>The VM's record with the operations that its state allows.</summary>
    public static VmRecord WithAllowed(VmRecord vm) => vm with { AllowedOperations = AllowedOperations.Of(vm) };

    private static async Task<IAsyncDisposable> NoteAsync<TRecord, TOperation>(
        PoolDatabase database,
        CallContext call,
        Ref<TRecord> reference,
        TOperation operation,
        EnumType<TOperation> names,
        Func<TRecord, ImmutableSortedDictionary<string, TOperation>> current,
        Func<Transaction, TRecord, ImmutableSortedDictionary<string, TOperation>, TRecord> with,
        Action<Transaction, TRecord> check)
        where TRecord : Record, IRecord<TRecord>, new()
        where TOperation : struct, Enum
    {
        var task = call.Task.Ref.Opaque;
        await database.WriteAsync(
            tx =>
            {
                var record = tx.Get(reference);
                foreach (var (other, what) in current(record))
                {
                    throw new XenApiException(
                        "OTHER_OPERATION_IN_PROGRESS", TRecord.Declaration.Name, reference.Opaque, names.Encode(what), other);
                }

                check(tx, record);
                tx.Update(reference, r => with(tx, r, current(r).SetItem(task, operation)));
            },
            call.Cancellation);
        return new Ending(() => database.WriteSurelyAsync(
            tx =>
            {
                // What was being done may have been its end.
                if (tx.Find(reference) is not null)
                {
                    tx.Update(reference, r => with(tx, r, current(r).Remove(task)));
                }
            }));
    }

    private sealed class Ending(Func<Task> end) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(end());
    }
}
