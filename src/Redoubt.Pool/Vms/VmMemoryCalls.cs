using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How much memory VMs have. The static range is fixed while a VM runs; the balloon moves within the dynamic one.</summary>
internal sealed partial class VmMemoryCalls(PoolServices pool, Guests guests)
{
    /// <summary>xapi's <c>wait_memory_target_timeout</c>.</summary>
    private static readonly TimeSpan TargetLimit = TimeSpan.FromSeconds(256);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // As xapi's.
    private const long TargetToleranceBytes = 1 << 20;

    [Message("VM.set_memory_limits")]
    public Task SetLimitsAsync(CallContext call, Ref<VmRecord> self, long staticMin, long staticMax, long dynamicMin, long dynamicMax) =>
        SetHaltedAsync(call, self, VmOperations.ChangingMemoryLimits, v => v with
        {
            MemoryStaticMin = staticMin,
            MemoryStaticMax = staticMax,
            MemoryDynamicMin = dynamicMin,
            MemoryDynamicMax = dynamicMax,
        });

    [Message("VM.set_memory")]
    public Task SetAsync(
        CallContext call, Ref<VmRecord> self, long value) => SetHaltedAsync(call, self, VmOperations.ChangingMemoryLimits, v => v with
        {
            MemoryStaticMin = Math.Min(v.MemoryStaticMin, value),
            MemoryStaticMax = value,
            MemoryDynamicMin = value,
            MemoryDynamicMax = value,
        });

    [Message("VM.set_memory_static_range")]
    public Task SetStaticRangeAsync(CallContext call, Ref<VmRecord> self, long min, long max) =>
        SetHaltedAsync(call, self, VmOperations.ChangingStaticRange, v => v with { MemoryStaticMin = min, MemoryStaticMax = max });

    [Message("VM.set_memory_static_min")]
    public Task SetStaticMinAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetHaltedAsync(call, self, VmOperations.ChangingStaticRange, v => v with { MemoryStaticMin = value });

    [Message("VM.set_memory_static_max")]
    public Task SetStaticMaxAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetHaltedAsync(call, self, VmOperations.ChangingStaticRange, v => v with { MemoryStaticMax = value });

    [Message("VM.set_memory_dynamic_range")]
    public Task SetDynamicRangeAsync(CallContext call, Ref<VmRecord> self, long min, long max) =>
        SetDynamicAsync(call, self, v => v with { MemoryDynamicMin = min, MemoryDynamicMax = max });

    [Message("VM.set_memory_dynamic_min")]
    public Task SetDynamicMinAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetDynamicAsync(call, self, v => v with { MemoryDynamicMin = value });

    [Message("VM.set_memory_dynamic_max")]
    public Task SetDynamicMaxAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetDynamicAsync(call, self, v => v with { MemoryDynamicMax = value });

    [Message("VM.set_memory_target_live")]
    public Task SetTargetLiveAsync(CallContext call, Ref<VmRecord> self, long target) =>
        SetDynamicAsync(call, self, v => v with { MemoryDynamicMin = target, MemoryDynamicMax = target });

    /// <summary>Waits until a guest has given back, or taken, what it was last told to.</summary>
    [Message("VM.wait_memory_target_live")]
    public async Task WaitTargetAsync(CallContext call, Ref<VmRecord> self)
    {
        var until = pool.Time.GetUtcNow() + TargetLimit;
        while (true)
        {
            var vm = pool.State.Get(self);
            VmChecks.Require(self, vm, VmOperations.AwaitingMemoryLive, VmPowerState.Running);
            if (await FindMemoryAsync(call, self, vm) is { } bytes && Math.Abs(bytes - vm.MemoryTarget) <= TargetToleranceBytes)
            {
                await pool.Database.WriteAsync(
                    tx =>
                    {
                        if (tx.Find(tx.Get(self).Metrics) is not null)
                        {
                            tx.Update(tx.Get(self).Metrics, m => m with { MemoryActual = bytes, LastUpdated = pool.Time.GetUtcNow() });
                        }
                    },
                    call.Cancellation);
                return;
            }

            if (pool.Time.GetUtcNow() >= until)
            {
                throw new XenApiException("VM_MEMORY_TARGET_WAIT_TIMEOUT", call.Task.Ref.Opaque);
            }

            await Task.Delay(LookEvery, pool.Time, call.Cancellation);
        }
    }

    // Only looks: what has changed of the guest is noted by whoever is told of it.
    private async Task<long?> FindMemoryAsync(CallContext call, Ref<VmRecord> vm, VmRecord record)
    {
        var at = pool.Hosts.Of(record);
        try
        {
            return (await at.Hypervisor.FindAsync(VmRows.Uuid(record), call.Cancellation))?.MemoryBytes;
        }
        catch (HypervisorException failed)
        {
            throw GuestFailure.Explain(failed, vm, at.Host, null);
        }
    }

    private async Task SetHaltedAsync(CallContext call, Ref<VmRecord> self, VmOperations operation, Func<VmRecord, VmRecord> change)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, self, operation, v =>
        {
            VmChecks.Require(self, v, operation, VmPowerState.Halted);
            VmChecks.RequireSizes(change(v));
        });
        await WriteAsync(self, change);
    }

    private async Task SetDynamicAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, self, VmOperations.ChangingDynamicRange, v =>
        {
            VmChecks.Require(self, v, VmOperations.ChangingDynamicRange, VmPowerState.Halted, VmPowerState.Running);
            VmChecks.RequireSizes(change(v));
        });
        var vm = pool.State.Get(self);
        var target = change(vm).MemoryDynamicMax;
        if (vm.PowerState == VmPowerState.Running)
        {
            await guests.DoAsync(self, (h, uuid) => h.SetMemoryAsync(uuid, target, CancellationToken.None));
        }

        await WriteAsync(self, change);
    }

    // The most it may have, as xapi gives a guest where nobody else wants the memory.
    private Task WriteAsync(Ref<VmRecord> self, Func<VmRecord, VmRecord> change) => pool.Database.WriteAsync(
        tx =>
        {
            tx.Update(self, change);
            tx.Update(self, v => v with { MemoryTarget = v.MemoryDynamicMax });
        },
        CancellationToken.None);
}
