using System.Diagnostics.Metrics;
using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests;

public sealed class SrCountingTests : IDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly Meter _meter = new("Storage under test");
    private readonly MeterListener _listener = new();
    private readonly List<string> _counted = [];
    private readonly SrUuid _sr = NewSr();

    public SrCountingTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "redoubt.sr.duration" && instrument.Meter == _meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            var tag = tags.ToArray().ToDictionary(t => t.Key, t => t.Value?.ToString());
            Assert.InRange(seconds, 0, 600);

            if (tag["type"] == "file" && tag["sr"] == _sr.ToString())
                _counted.Add($"{tag["operation"]} {tag["outcome"]}");
        });
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public async Task Every_operation_of_an_SR_is_counted_with_what_came_of_it()
    {
        var config = new Dictionary<string, string> { ["location"] = _temp.NewDirectory("sr") };
        var driver = new CountedSrDriver(new FileSrDriver(Sample.Images, _temp.In("scratch")), _meter, TimeProvider.System);
        await driver.CreateAsync(_sr, config, Token);
        await using var sr = await driver.AttachAsync(_sr, config, SrAccess.ReadWrite, Token);
        await sr.ScanAsync(Token);
        await FailsAsync(46, () => sr.AttachVdiAsync(NewVdi(), SrAccess.ReadOnly, Token));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sr.ScanAsync(cancelled.Token));
        Assert.Equal(["scan ok", "vdi-attach SR_BACKEND_FAILURE_46", "scan cancelled"], _counted);
    }
}
