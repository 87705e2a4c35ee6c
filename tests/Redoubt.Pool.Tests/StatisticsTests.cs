using System.Collections.Immutable;
using System.Text.Json;
using System.Xml.Linq;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Pool.Measuring;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What hosts and VMs use: how it is kept, within which bounds, and in which forms it is given.</summary>
public sealed class StatisticsTests : IAsyncLifetime
{
    private readonly Clock _time = new();
    private TestSite _site = null!;
    private Ref<VmRecord> _vm;
    private Statistics _statistics = null!;

    private DatabaseState State => _site.Daemon.Services.State;

    private Guid Uuid => Guid.Parse(_site.Get(_vm).Uuid);

    public async ValueTask InitializeAsync()
    {
        _site = await TestSite.OpenAsync();
        _statistics = new(_time);
        _vm = await _site.CreateVmAsync("one");
        await _site.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create",
            new VifRecord { Vm = _vm, Network = await _site.CreateNetworkAsync("net"), Device = "3", Mac = "52:54:00:00:00:0A" });
        await _site.Client.CallAsync("VM.start", _vm, false, false);
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public void Rows_lie_at_multiples_of_their_step_and_averages_are_made_of_what_was_measured()
    {
        var series = new Series();
        for (var second = 0; second < 180; second += 5)
        {
            series.Add(second, second < 60 ? 1 : second < 120 ? 4 : 7);
        }

        Assert.Equal((1f, 4f, 7f), (series.Read(0, 11), series.Read(0, 12), series.Read(0, 35)));
        Assert.Equal((1f, 4f), (series.Read(1, 1), series.Read(1, 2)));
        Assert.True(float.IsNaN(series.Read(1, 3)), "the third minute is not over");
        Assert.True(float.IsNaN(series.Read(0, 36)) && float.IsNaN(series.Read(0, -1)));

        // Nothing for a while, then for longer than is kept, then a clock that was set back.
        series.Add(300, 9);
        Assert.True(float.IsNaN(series.Read(0, 50)));
        Assert.Equal((7f, 9f), (series.Read(0, 35), series.Read(0, 60)));
        series.Add(5000, 2);
        Assert.Equal(2f, series.Read(0, 1000));
        Assert.All(Enumerable.Range(881, 119), row => Assert.True(float.IsNaN(series.Read(0, row))));
        series.Add(10, 3);
        Assert.Equal(3f, series.Read(0, 2));
        Assert.True(float.IsNaN(series.Read(0, 1000)));
    }

    [Fact]
    public void A_counter_gives_what_it_grows_by_in_a_second_and_nothing_where_it_began_anew()
    {
        var series = new Series();
        series.Count(0, 100.0, 50);
        Assert.True(double.IsNaN(series.Last));
        series.Count(5, 105.0, 60);
        Assert.Equal(2, series.Last);
        series.Count(10, 110.0, 5);
        Assert.Equal((2, 5), (series.Last, series.Updated));
        series.Count(15, 115.0, 5);
        Assert.Equal((0, 15), (series.Last, series.Updated));
    }

    [Fact]
    public void What_was_measured_is_given_in_XenServers_forms_and_names()
    {
        for (var round = 0; round < 4; round++)
        {
            Measure(round);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        var (vm, host) = ($"AVERAGE:vm:{Uuid}:", $"AVERAGE:host:{_site.Get(_site.Host).Uuid}:");
        var start = _time.GetUtcNow().ToUnixTimeSeconds() - 15;
        var table = _statistics.Read(State, [], true, start, 0, null);
        var xml = XElement.Parse(table.ToXml());
        var legend = xml.Element("meta")!.Element("legend")!.Elements("entry").Select(e => e.Value).ToList();
        Assert.Equal([vm + "cpu0", vm + "memory", vm + "vif_3_rx", host + "loadavg"], legend);
        Assert.Equal("5", xml.Element("meta")!.Element("step")!.Value);
        Assert.Equal("4", xml.Element("meta")!.Element("columns")!.Value);
        var rows = xml.Element("data")!.Elements("row").ToList();
        Assert.Equal($"{rows.Count}", xml.Element("meta")!.Element("rows")!.Value);
        Assert.Equal(xml.Element("meta")!.Element("end")!.Value, rows[0].Element("t")!.Value);
        Assert.Equal(xml.Element("meta")!.Element("start")!.Value, rows[^1].Element("t")!.Value);
        Assert.Equal(["0.5", "67108864.0", "200.0", "1.25"], rows[0].Elements("v").Select(v => v.Value));

        using var json = JsonDocument.Parse(table.ToJson());
        Assert.Equal(legend, json.RootElement.GetProperty("meta").GetProperty("legend").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(
            rows.Select(r => (long.Parse(r.Element("t")!.Value), string.Join(' ', r.Elements("v").Select(v => v.Value)))),
            json.RootElement.GetProperty("data").EnumerateArray().Select(r => (
                r.GetProperty("t").GetInt64(), string.Join(' ', r.GetProperty("values").EnumerateArray().Select(v => v.GetString())))));

        Assert.All(
            _statistics.Read(State, [], false, start, 0, "AVERAGE").Legend, e => Assert.StartsWith(vm, e, StringComparison.Ordinal));
        Assert.Empty(_statistics.Read(State, [], true, start, 0, "MAX").Legend);
        Assert.Empty(_statistics.Read(State, [$"{Guid.NewGuid()}"], false, start, 0, null).Legend);
        Assert.Equal(60, _statistics.Read(State, [], true, start, 60, null).Step);
        Assert.Equal(86400, _statistics.Read(State, [], true, 0, 0, null).Step);
        Assert.Equal(5, _statistics.Read(State, [], true, -300, 0, null).Step);

        var dump = XElement.Parse(_statistics.Dump(State, _vm));
        Assert.Equal(["cpu0", "memory", "vif_3_rx"], dump.Elements("ds").Select(d => d.Element("name")!.Value));
        Assert.Equal([1, 12, 720, 17280], dump.Elements("rra").Select(a => (int)a.Element("pdp_per_row")!));
        Assert.Equal([120, 120, 168, 366], dump.Elements("rra").Select(a => a.Element("database")!.Elements("row").Count()));
        Assert.Equal(
            ["0.5", "67108864.0", "200.0"],
            dump.Element("rra")!.Element("database")!.Elements("row").Last().Elements("v").Select(v => v.Value));
    }

    [Fact]
    public async Task Sources_are_told_forgotten_and_recorded_again_and_go_with_their_VM()
    {
        Measure(0);
        _time.Advance(TimeSpan.FromSeconds(5));
        Measure(1);
        var of = new MeasuredObject(false, $"{Uuid}");
        Assert.Equal(0.5, _statistics.Now(of)["cpu0"]);
        Assert.True(_statistics.Forget(of, "cpu0"));
        Measure(2);
        Assert.DoesNotContain("cpu0", _statistics.Now(of).Keys);
        Assert.Equal(["cpu0"], _statistics.Forgotten(of));
        Assert.True(_statistics.Record(of, "cpu0"));
        Measure(3);
        Assert.Contains("cpu0", _statistics.Now(of).Keys);
        Assert.False(_statistics.Forget(of, "cpu9") || _statistics.Record(of, "cpu9"));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.All(_statistics.Now(of).Values, v => Assert.True(double.IsNaN(v)));

        await _site.Client.CallAsync("VM.hard_shutdown", _vm);
        await _site.Client.CallAsync("VM.destroy", _vm);
        _statistics.Keep(State);
        Assert.Empty(_statistics.Now(of));

        // Over the API.
        var client = _site.Client;
        var other = await _site.CreateVmAsync("other");
        await client.CallAsync("VM.start", other, false, false);
        _site.Daemon.Statistics.Take(
            State, _site.Host, [new(Guid.Parse(_site.Get(other).Uuid), "memory", false, 1024), new(null, "loadavg", false, 2)]);
        Assert.Equal(1024, await client.CallAsync<double>("VM.query_data_source", other, "memory"));
        Assert.Equal(2, await client.CallAsync<double>("host.query_data_source", _site.Host, "loadavg"));
        Assert.Equal(["INVALID_VALUE", "data_source", "cpu7"], await client.FailAsync("VM.query_data_source", other, "cpu7"));
        await client.CallAsync("VM.forget_data_source_archives", other, "memory");
        Assert.Equal(["INVALID_VALUE", "data_source", "memory"], await client.FailAsync("VM.query_data_source", other, "memory"));
        var source = Assert.Single(await client.CallAsync<ImmutableList<DataSourceRecord>>("VM.get_data_sources", other));
        Assert.True(source is { NameLabel: "memory", Enabled: false, Units: "B" });
        await client.CallAsync("VM.record_data_source", other, "memory");
    }

    [Fact]
    public void What_belongs_to_nobody_here_is_not_kept_and_there_is_room_for_so_much_only()
    {
        _statistics.Take(State, _site.Host, [new(Guid.NewGuid(), "cpu0", false, 1), new(Uuid, "vif_52:54:00:ff:ff:ff_rx", false, 1)]);
        Assert.Empty(_statistics.Read(State, [], true, 0, 0, null).Legend);
        _statistics.Take(
            State, _site.Host, [.. Enumerable.Range(0, Statistics.SourcesMax + 100).Select(i => new Reading(Uuid, $"cpu{i}", false, 1))]);
        Assert.Equal(Statistics.SourcesMax, _statistics.Now(new(false, $"{Uuid}")).Count);
    }

    private void Measure(int round) => _statistics.Take(
        State, _site.Host,
        [
            new(Uuid, "cpu0", true, round * 2.5), new(Uuid, "memory", false, 64 << 20),
            new(Uuid, "vif_52:54:00:00:00:0a_rx", true, round * 1000), new(null, "loadavg", false, 1.25),
        ]);

    /// <summary>A clock that stands still unless it is told.</summary>
    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(1_000_000_000);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _now.Ticks;

        public void Advance(TimeSpan time) => _now += time;
    }
}
