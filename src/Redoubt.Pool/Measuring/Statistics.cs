using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool.Measuring;

/// <summary>
/// What the hosts and VMs of the pool have used of processors, memory, disks and networks. It lies in memory, of which it takes no more
/// than <see cref="SourcesMax"/> sources need, and begins anew with the daemon.
/// </summary>
public sealed class Statistics(TimeProvider time)
{
    /// <summary>About 3 KiB each.</summary>
    internal const int SourcesMax = 20_000;

    /// <summary>After which what was measured last is no longer how it is.</summary>
    private const int FreshSeconds = 30;

    private readonly Lock _gate = new();
    private readonly Dictionary<MeasuredObject, SortedDictionary<string, Series>> _series = [];
    private readonly HashSet<(MeasuredObject Of, string Source)> _forgotten = [];
    private int _count;

    /// <summary>Takes what a host shows, of itself and of the VMs that are there.</summary>
    internal void Take(DatabaseState state, Ref<HostRecord> host, IReadOnlyList<Reading> readings)
    {
        var (second, elapsed) = (time.GetUtcNow().ToUnixTimeSeconds(), time.GetTimestamp() / (double)time.TimestampFrequency);
        var names = new Dictionary<Guid, ImmutableDictionary<string, string>?>();
        lock (_gate)
        {
            foreach (var reading in readings)
            {
                if (NameOf(state, host, reading, names) is not var (of, source) || Series(of, source) is not { } series)
                {
                    continue;
                }

                if (reading.IsCounter)
                {
                    series.Count(second, elapsed, reading.Value);
                }
                else
                {
                    series.Add(second, reading.Value);
                }
            }
        }
    }

    /// <summary>Lets go of what is no longer in the database.</summary>
    internal void Keep(DatabaseState state)
    {
        bool IsThere(MeasuredObject of) => of.IsHost
            ? state.Find(state.FindByUuid<HostRecord>(of.Uuid)) is not null
            : state.Find(state.FindByUuid<VmRecord>(of.Uuid)) is not null;
        lock (_gate)
        {
            foreach (var gone in _series.Keys.Where(of => !IsThere(of)).ToList())
            {
                _count -= _series[gone].Count;
                _series.Remove(gone);
            }

            _forgotten.RemoveWhere(f => !IsThere(f.Of));
        }
    }

    /// <summary>The sources of a host or VM, each with what it shows now; no number: nothing.</summary>
    internal IReadOnlyDictionary<string, double> Now(MeasuredObject of)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            return _series.TryGetValue(of, out var all)
                ? all.ToDictionary(s => s.Key, s => now - s.Value.Updated <= FreshSeconds ? s.Value.Last : double.NaN)
                : [];
        }
    }

    /// <summary>The sources of a host or VM that are not recorded because somebody wants it so.</summary>
    internal IReadOnlyList<string> Forgotten(MeasuredObject of)
    {
        lock (_gate)
        {
            return [.. _forgotten.Where(f => f.Of == of).Select(f => f.Source)];
        }
    }

    /// <summary>Throws away what a source has shown, and records it no more until somebody wants that.</summary>
    /// <returns>Whether there is such a source.</returns>
    internal bool Forget(MeasuredObject of, string source)
    {
        lock (_gate)
        {
            if (_forgotten.Contains((of, source)))
            {
                return true;
            }

            if (!_series.TryGetValue(of, out var all) || !all.Remove(source))
            {
                return false;
            }

            _count--;
            return _forgotten.Add((of, source));
        }
    }

    /// <summary>Records a source again.</summary>
    /// <returns>Whether there is such a source.</returns>
    internal bool Record(MeasuredObject of, string source)
    {
        lock (_gate)
        {
            return _forgotten.Remove((of, source)) || (_series.TryGetValue(of, out var all) && all.ContainsKey(source));
        }
    }

    /// <summary>What VMs that run, or those that are named, and hosts have shown since a moment.</summary>
    /// <param name="state">The pool.</param>
    /// <param name="vms">The UUIDs of the VMs that are asked for; empty: all that run.</param>
    /// <param name="withHosts">Whether hosts are asked for, too.</param>
    /// <param name="start">Since when, in seconds since 1970; below 0: before now.</param>
    /// <param name="interval">The shortest step that is wanted.</param>
    /// <param name="function">The one consolidation that is wanted; null: all. There are averages.</param>
    public StatisticsTable Read(
        DatabaseState state, IReadOnlyList<string> vms, bool withHosts, long start, long interval, string? function) =>
        Read(
            [
                .. vms.Count > 0
                    ? vms.Select(u => new MeasuredObject(false, u))
                    : state.All<VmRecord>().Where(v => v.Record is { ResidentOn.IsNull: false, IsControlDomain: false })
                        .Select(v => new MeasuredObject(false, v.Record.Uuid)),
                .. withHosts ? state.All<HostRecord>().Select(h => new MeasuredObject(true, h.Record.Uuid)) : [],
            ],
            start, interval, function);

    /// <summary>All that is kept of a VM, as rrdtool's dump.</summary>
    public string Dump(DatabaseState state, Ref<VmRecord> vm) => Dump(new MeasuredObject(false, state.Get(vm).Uuid));

    /// <summary>All that is kept of a host, as rrdtool's dump.</summary>
    public string Dump(DatabaseState state, Ref<HostRecord> host) => Dump(new MeasuredObject(true, state.Get(host).Uuid));

    private string Dump(MeasuredObject of)
    {
        lock (_gate)
        {
            return StatisticsDump.ToXml(_series.TryGetValue(of, out var all) ? all : []);
        }
    }

    /// <summary>What some have shown since a moment.</summary>
    /// <param name="of">Which.</param>
    /// <param name="start">Since when, in seconds since 1970; below 0: before now.</param>
    /// <param name="interval">The shortest step that is wanted.</param>
    /// <param name="function">The one consolidation that is wanted; null: all. There are averages.</param>
    internal StatisticsTable Read(IReadOnlyList<MeasuredObject> of, long start, long interval, string? function)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var since = start < 0 ? now + start : start;
        var archive = Archive(now, since, interval);
        var (step, rows) = Measuring.Series.Archives[archive];
        lock (_gate)
        {
            var columns = function is null or "AVERAGE"
                ? of.Where(_series.ContainsKey).SelectMany(o => _series[o].Select(s => (Name: $"AVERAGE:{o}:{s.Key}", Series: s.Value)))
                    .ToList()
                : [];
            var (last, first) = (now / step, Math.Max((since / step) + 1, (now / step) - rows + 1));
            var table = new List<(long Time, IReadOnlyList<float> Values)>();
            for (var row = last; row >= first && columns.Count > 0; row--)
            {
                table.Add((row * step, [.. columns.Select(c => c.Series.Read(archive, row))]));
            }

            // The newest row may not have been measured yet.
            if (table.Count > 0 && table[0].Values.All(float.IsNaN))
            {
                table.RemoveAt(0);
            }

            var end = table.Count > 0 ? table[0].Time : last * step;
            return new(Math.Min(first * step, end), step, end, [.. columns.Select(c => c.Name)], table);
        }
    }

    // The finest that reaches back far enough, and is not finer than wanted.
    private static int Archive(long now, long since, long interval)
    {
        for (var i = 0; i < Measuring.Series.Archives.Count; i++)
        {
            var (step, rows) = Measuring.Series.Archives[i];
            if (step >= interval && since >= now - ((long)step * rows))
            {
                return i;
            }
        }

        return Measuring.Series.Archives.Count - 1;
    }

    /// <summary>Whose a reading is and what it is called; null: nobody's that is known here.</summary>
    private static (MeasuredObject Of, string Source)? NameOf(
        DatabaseState state, Ref<HostRecord> host, Reading reading, Dictionary<Guid, ImmutableDictionary<string, string>?> names)
    {
        if (reading.Vm is not { } vm)
        {
            return state.Find(host) is { } record ? (new(true, record.Uuid), reading.Source) : null;
        }

        if (!names.TryGetValue(vm, out var interfaces))
        {
            names[vm] = interfaces = Interfaces(state, host, vm);
        }

        if (interfaces is null)
        {
            return null;
        }

        var parts = reading.Source.Split('_');
        return parts is not ["vif", var mac, var way] ? (new(false, $"{vm:D}"), reading.Source)
            : interfaces.TryGetValue(mac, out var device) ? (new(false, $"{vm:D}"), $"vif_{device}_{way}")
            : null;
    }

    // Null: the VM is not one of the pool's, or not there.
    private static ImmutableDictionary<string, string>? Interfaces(DatabaseState state, Ref<HostRecord> host, Guid uuid) =>
        state.Find(state.FindByUuid<VmRecord>($"{uuid:D}")) is { } vm && vm.ResidentOn == host
            ? vm.Vifs.Select(state.Find).OfType<VifRecord>().DistinctBy(v => v.Mac.ToLowerInvariant())
                .ToImmutableDictionary(v => v.Mac.ToLowerInvariant(), v => v.Device)
            : null;

    private Series? Series(MeasuredObject of, string source)
    {
        if (_forgotten.Contains((of, source)))
        {
            return null;
        }

        var all = _series.GetValueOrDefault(of);
        if (all?.GetValueOrDefault(source) is { } known)
        {
            return known;
        }

        // Every look of a large pool comes here with thousands for which there is no room.
        if (_count == SourcesMax)
        {
            return null;
        }

        if (all is null)
        {
            _series[of] = all = new(StringComparer.Ordinal);
        }

        _count++;
        return all[source] = new();
    }
}
