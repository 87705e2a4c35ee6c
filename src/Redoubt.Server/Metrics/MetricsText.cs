using System.Globalization;
using System.Text;

namespace Redoubt.Server.Metrics;

/// <summary>
/// Writes metrics as OpenMetrics has them, or as Prometheus had them before, which differ in how a counter is declared and in the end.
/// Families are written whole, one after the other; labels are escaped here.
/// </summary>
/// <param name="isOpen">Whether it is to be OpenMetrics.</param>
internal sealed class MetricsText(bool isOpen)
{
    private readonly StringBuilder _text = new();

    /// <summary>What the text is, for the header of the answer.</summary>
    public string ContentType => isOpen
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>A value that goes up and down.</summary>
    public void Gauge(string name, string help, params IEnumerable<MetricSample> samples)
    {
        Declare(name, "gauge", help);
        Append(name, samples);
    }

    /// <summary>A value that only grows.</summary>
    /// <param name="name">Its name, without <c>_total</c>.</param>
    /// <param name="help">What it counts.</param>
    /// <param name="samples">How far it has come.</param>
    public void Counter(string name, string help, params IEnumerable<MetricSample> samples)
    {
        Declare(isOpen ? name : $"{name}_total", "counter", help);
        Append($"{name}_total", samples);
    }

    /// <summary>How often a value was how large.</summary>
    public void Histogram(string name, string help, IReadOnlyList<double> bounds, HistogramSnapshot values)
    {
        Declare(name, "histogram", help);
        var below = 0L;
        for (var i = 0; i < bounds.Count; i++)
        {
            below += values.Counts[i];
            Append($"{name}_bucket", [new(below, ("le", Number(bounds[i])))]);
        }

        Append($"{name}_bucket", [new(values.Count, ("le", "+Inf"))]);
        Append($"{name}_sum", [new(values.Sum)]);
        Append($"{name}_count", [new(values.Count)]);
    }

    /// <summary>The whole of it.</summary>
    public string Finish() => isOpen ? $"{_text}# EOF\n" : _text.ToString();

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);

    private void Declare(string name, string type, string help) => _text.Append(
        CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private void Append(string name, IEnumerable<MetricSample> samples)
    {
        foreach (var sample in samples)
        {
            _text.Append(name);
            if (sample.Labels.Length > 0)
            {
                _text.Append('{').AppendJoin(',', sample.Labels.Select(l => $"{l.Name}=\"{Escape(l.Value)}\"")).Append('}');
            }

            _text.Append(' ').Append(Number(sample.Value)).Append('\n');
        }
    }
}
