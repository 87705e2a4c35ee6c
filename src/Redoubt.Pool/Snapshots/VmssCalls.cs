using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The schedules by which snapshots of VMs are taken. Whatever changes when one is due notes in the same transaction from when on it goes
/// by that (<see cref="SnapshotDue"/>).
/// </summary>
internal sealed partial class VmssCalls(PoolServices pool, ScheduledSnapshots taking)
{
    private const long MostRetained = 10;

    [Message("VMSS.create")]
    public Task<Ref<VmssRecord>> CreateAsync(CallContext call, VmssRecord args)
    {
        RequireType(args.Type);
        SnapshotTimes.RequireKeys(args.Frequency, args.Schedule);
        RequireRetained(args.RetainedSnapshots);
        return WriteAsync(call, tx => tx.Create(new VmssRecord
        {
            NameLabel = args.NameLabel,
            NameDescription = args.NameDescription,
            Enabled = args.Enabled,
            Type = args.Type,
            RetainedSnapshots = args.RetainedSnapshots,
            Frequency = args.Frequency,
            Schedule = SnapshotTimes.Complete(args.Frequency, args.Schedule),
        }));
    }

    [Message("VMSS.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<VmssRecord> self)
    {
        await pool.Database.WriteAsync(tx => Destroy(tx, self), call.Cancellation);
        await pool.Messages.WrittenAsync(call.Cancellation);
    }

    [Message("VMSS.set_enabled")]
    public Task SetEnabledAsync(CallContext call, Ref<VmssRecord> self, bool value) =>
        ChangeAsync(call, self, s => s with { Enabled = value });

    [Message("VMSS.set_frequency")]
    public Task SetFrequencyAsync(CallContext call, Ref<VmssRecord> self, VmssFrequency value) =>
        ChangeAsync(call, self, s => s with { Frequency = value, Schedule = SnapshotTimes.Complete(value, s.Schedule) });

    /// <summary>As in xapi what the map does not name stays.</summary>
    [Message("VMSS.set_schedule")]
    public Task SetScheduleAsync(CallContext call, Ref<VmssRecord> self, ImmutableSortedDictionary<string, string> value) =>
        ChangeAsync(
            call, self,
            s => s with
            {
                Schedule = s.Schedule.SetItems(value.Select(v => KeyValuePair.Create(v.Key, SnapshotTimes.Check(v.Key, v.Value)))),
            });

    [Message("VMSS.add_to_schedule")]
    public Task AddToScheduleAsync(CallContext call, Ref<VmssRecord> self, string key, string value) => ChangeAsync(call, self, s =>
        s.Schedule.ContainsKey(key)
            ? throw new XenApiException("MAP_DUPLICATE_KEY", "VMSS", "schedule", self.Opaque, key)
            : s with { Schedule = s.Schedule.Add(key, SnapshotTimes.Check(key, value)) });

    [Message("VMSS.remove_from_schedule")]
    public Task RemoveFromScheduleAsync(CallContext call, Ref<VmssRecord> self, string key) =>
        ChangeAsync(call, self, s => s with { Schedule = s.Schedule.Remove(key) });

    [Message("VMSS.set_type")]
    public Task SetTypeAsync(CallContext call, Ref<VmssRecord> self, VmssType value)
    {
        RequireType(value);
        return ChangeAsync(call, self, s => s with { Type = value });
    }

    [Message("VMSS.set_retained_snapshots")]
    public Task SetRetainedSnapshotsAsync(CallContext call, Ref<VmssRecord> self, long value)
    {
        RequireRetained(value);
        return ChangeAsync(call, self, s => s with { RetainedSnapshots = value });
    }

    [Message("VMSS.set_last_run_time")]
    public Task SetLastRunTimeAsync(CallContext call, Ref<VmssRecord> self, DateTimeOffset value) =>
        ChangeAsync(call, self, s => s with { LastRunTime = value });

    /// <summary>Also of a schedule that is off; what it is due for it takes all the same.</summary>
    [Message("VMSS.snapshot_now")]
    public Task<string> SnapshotNowAsync(CallContext call, Ref<VmssRecord> vmss) => taking.TakeNowAsync(call, vmss);

    [Message("VM.set_snapshot_schedule")]
    public Task SetSnapshotScheduleAsync(CallContext call, Ref<VmRecord> self, Ref<VmssRecord> value) => pool.Database.WriteAsync(
        tx =>
        {
            var vm = tx.Get(self);
            if (!value.IsNull)
            {
                if (tx.Find(value) is null || vm.IsControlDomain)
                {
                    throw new XenApiException("INVALID_VALUE", "snapshot_schedule", value.Opaque);
                }

                if (vm.IsATemplate)
                {
                    throw new XenApiException("VM_IS_TEMPLATE", self.Opaque, "set_snapshot_schedule");
                }

                AdoptedVm.RequireOwn(vm, "taking snapshots of it");
            }

            VmRows.Update(tx, self, v => v with { SnapshotSchedule = value });
        },
        call.Cancellation);

    private Task<Ref<VmssRecord>> ChangeAsync(CallContext call, Ref<VmssRecord> self, Func<VmssRecord, VmssRecord> change) =>
        WriteAsync(call, tx =>
        {
            tx.Update(self, change);
            return self;
        });

    private async Task<Ref<VmssRecord>> WriteAsync(CallContext call, Func<Transaction, Ref<VmssRecord>> write)
    {
        var written = await pool.Database.WriteAsync(
            tx =>
            {
                var schedule = write(tx);
                taking.Begin(tx, schedule);
                return schedule;
            },
            call.Cancellation);
        taking.Wake();
        return written;
    }

    private static void RequireType(VmssType type)
    {
        if (type == VmssType.Unrecognized)
        {
            throw new XenApiException("INVALID_VALUE", "type", "");
        }
    }

    private static void RequireRetained(long value)
    {
        if (value is < 1 or > MostRetained)
        {
            throw new XenApiException("INVALID_VALUE", "retained_snapshots", $"{value}");
        }
    }

    private void Destroy(Transaction tx, Ref<VmssRecord> self)
    {
        var schedule = tx.Get(self);
        if (!schedule.Vms.IsEmpty)
        {
            throw new XenApiException("VMSS_HAS_VM");
        }

        foreach (var (message, _) in tx.State.All<MessageRecord>().Where(m => m.Record.ObjUuid == schedule.Uuid).ToList())
        {
            tx.Delete(message);
        }

        tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.Remove(SnapshotDue.KeyOf(schedule)) });
        tx.Delete(self);
    }
}
