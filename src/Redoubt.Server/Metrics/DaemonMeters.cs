using System.Diagnostics.Metrics;
using Redoubt.Server.Dispatch;

namespace Redoubt.Server.Metrics;

/// <summary>
/// Adds up what the parts of one daemon count and measure with its meter. Whoever measures pays for an addition, and for nothing else.
/// </summary>
internal sealed class DaemonMeters : IDisposable
{
    private readonly Lock _gate = new();
    private readonly MeterListener _listener;
    private readonly Dictionary<string, (long[] Counts, double Sum)> _histograms = [];
    private readonly Dictionary<string, long> _counters = [];
    private readonly Dictionary<(string Message, string Failure), long> _calls = [];

    /// <summary>Begins to listen.</summary>
    public DaemonMeters(Meter meter)
    {
        _listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter, meter))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Measure(instrument.Name, value));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument.Name, value, tags));
        _listener.Start();
    }

    /// <summary>The upper bounds of the steps in which durations are told, in seconds.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    /// <summary>A duration up to now, by the name of its instrument.</summary>
    public HistogramSnapshot Histogram(string name)
    {
        lock (_gate)
        {
            return _histograms.TryGetValue(name, out var values) ? new([.. values.Counts], values.Sum) : new(new long[Bounds.Count + 1], 0);
        }
    }

    /// <summary>A count up to now.</summary>
    public long Counter(string name)
    {
        lock (_gate)
        {
            return _counters.GetValueOrDefault(name);
        }
    }

    /// <summary>The calls that were answered, by message and by the code of the failure; empty for those that succeeded.</summary>
    public IReadOnlyList<(string Message, string Failure, long Count)> AnsweredCalls()
    {
        lock (_gate)
        {
            return [.. _calls.Select(c => (c.Key.Message, c.Key.Failure, c.Value))
                .OrderBy(c => c.Message, StringComparer.Ordinal).ThenBy(c => c.Failure, StringComparer.Ordinal)];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Measure(string name, double seconds)
    {
        var step = 0;
        while (step < Bounds.Count && seconds > Bounds[step])
        {
            step++;
        }

        lock (_gate)
        {
            var (counts, sum) = _histograms.TryGetValue(name, out var known) ? known : (new long[Bounds.Count + 1], 0);
            counts[step]++;
            _histograms[name] = (counts, sum + seconds);
        }
    }

    private void Count(string name, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            if (name == Dispatcher.CallCounter && tags.Length == 2)
            {
                var call = ((string)tags[0].Value!, (string)tags[1].Value!);
                _calls[call] = _calls.GetValueOrDefault(call) + value;
            }
            else
            {
                _counters[name] = _counters.GetValueOrDefault(name) + value;
            }
        }
    }
}
