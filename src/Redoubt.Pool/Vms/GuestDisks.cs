using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The disks that the guests of a host hold attached. Which they are the database says: those of the drives that are marked attached. So
/// a daemon that starts takes them up again for the guests that run on, and lets each go when its drive is no longer marked.
/// </summary>
public sealed class GuestDisks
{
    private readonly ConcurrentDictionary<Guid, ImmutableList<VdiAttachment>> _held = new();

    /// <summary>What a VM's guest holds.</summary>
    internal IReadOnlyList<VdiAttachment> Of(Guid vm) => _held.GetValueOrDefault(vm, []);

    /// <summary>Keeps what was attached for a VM whose drives have just been marked; what an earlier guest of it held goes.</summary>
    internal async Task KeepAsync(Guid vm, IEnumerable<VdiAttachment> attached)
    {
        var kept = attached.ToImmutableList();
        var before = _held.GetValueOrDefault(vm, []);
        _held[vm] = kept;
        await LetGoAsync(before);
    }

    /// <summary>Lets go of all that a VM's guest held, which is at this host no more.</summary>
    internal async Task DropAsync(Guid vm)
    {
        if (_held.TryRemove(vm, out var held))
        {
            await LetGoAsync(held);
        }
    }

    /// <summary>Keeps one more, for a drive that is marked attached while its guest runs.</summary>
    internal void Add(Guid vm, VdiAttachment attached) => _held.AddOrUpdate(vm, [attached], (_, held) => held.Add(attached));

    /// <summary>Lets go what no drive of a VM that is marked attached has in it any more.</summary>
    internal async Task PruneAsync(PoolServices pool, Guid vm)
    {
        while (_held.TryGetValue(vm, out var held))
        {
            // Read after what is held: a drive is marked before what it has is kept, so that none that is just being given is let go.
            var state = pool.State;
            var used = Drives(state, vm).Where(b => b is { Empty: false, Vdi.IsNull: false })
                .Select(b => state.Find(b.Vdi)?.Uuid).OfType<string>().ToHashSet();
            var dropped = held.RemoveAll(a => used.Contains(a.Vdi.ToString()));
            if (_held.TryUpdate(vm, held.RemoveRange(dropped), held))
            {
                await LetGoAsync(dropped);
                return;
            }
        }
    }

    /// <summary>Lets go what a VM held, if none of its drives is marked attached any more.</summary>
    internal async Task SettleAsync(DatabaseState state, Guid vm)
    {
        if (_held.ContainsKey(vm) && !Drives(state, vm).Any() && _held.TryRemove(vm, out var held))
        {
            await LetGoAsync(held);
        }
    }

    /// <summary>The same for every VM.</summary>
    internal async Task SettleAllAsync(DatabaseState state)
    {
        foreach (var vm in _held.Keys)
        {
            await SettleAsync(state, vm);
        }
    }

    /// <summary>
    /// Attaches again what drives that are marked attached hold on SRs that are attached now: for guests that ran on while there was no
    /// daemon, or no storage. To a guest it makes no difference; what can't be had is told to people.
    /// </summary>
    internal async Task TakeUpAsync(PoolServices pool, HostLink at, Ref<SrRecord> only, CancellationToken cancellationToken)
    {
        var state = pool.State;
        var drives = state.All<VbdRecord>().Select(b => b.Record)
            .Where(b => b is { CurrentlyAttached: true, Empty: false, Vdi.IsNull: false }).ToList();
        foreach (var drive in drives)
        {
            if (state.Find(drive.Vdi) is not { } vdi || state.Find(drive.Vm) is not { } vm || (!only.IsNull && vdi.Sr != only)
                || !pool.Hosts.IsAt(at, vm) || at.Attached.Find(state.Get(vdi.Sr).Uuid) is not { } sr)
            {
                continue;
            }

            var (uuid, disk) = (VmRows.Uuid(vm), SrRows.Uuid(vdi));
            if (Of(uuid).Any(a => a.Vdi == disk))
            {
                continue;
            }

            try
            {
                var attached = await sr.AttachVdiAsync(disk, VmDisks.Access(drive), cancellationToken);
                _held.AddOrUpdate(uuid, [attached], (_, held) => held.Add(attached));
                await SettleAsync(pool.State, uuid);
            }
            catch (XenApiException e)
            {
                await pool.PostAsync(new Announcement.DiskNotTakenUp(vm.Uuid, $"{vdi.NameLabel} ({vdi.Uuid})", ErrorSentences.Of(e)));
            }
        }
    }

    private static IEnumerable<VbdRecord> Drives(DatabaseState state, Guid vm) =>
        state.Find(state.FindByUuid<VmRecord>(vm.ToString("D"))) is { } record
            ? record.Vbds.Select(state.Find).OfType<VbdRecord>().Where(b => b.CurrentlyAttached)
            : [];

    internal static async Task LetGoAsync(IEnumerable<VdiAttachment> attached)
    {
        foreach (var one in attached)
        {
            await one.DisposeAsync();
        }
    }
}
