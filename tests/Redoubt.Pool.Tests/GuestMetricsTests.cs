using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What guests say, as it comes into the database and goes out of it.</summary>
public sealed class GuestMetricsTests : IAsyncLifetime
{
    private TestSite _site = null!;
    private Ref<VmRecord> _vm;

    public async ValueTask InitializeAsync()
    {
        _site = await TestSite.OpenAsync();
        _vm = await _site.CreateVmAsync("one");
        foreach (var (device, mac) in new[] { ("0", "52:54:00:00:00:0a"), ("3", "52:54:00:00:00:0b") })
        {
            await _site.Client.CallAsync<Ref<VifRecord>>(
                "VIF.create", new VifRecord { Vm = _vm, Network = await _site.CreateNetworkAsync(device), Device = device, Mac = mac });
        }

        await _site.Client.CallAsync("VM.start", _vm, false, false);
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task What_a_guest_says_is_there_while_it_runs_in_XenServers_form()
    {
        await SaysAsync(Report("10.0.0.7", "fd00::7"));
        var metrics = _site.Get(await _site.Client.CallAsync<Ref<VmGuestMetricsRecord>>("VM.get_guest_metrics", _vm));
        Assert.Equal(
            TestSite.Map(("0/ip", "10.0.0.7"), ("0/ipv4/0", "10.0.0.7"), ("0/ipv4/1", "10.9.9.9"), ("0/ipv6/0", "fd00::7")),
            metrics.Networks);
        Assert.Equal(
            TestSite.Map(("distro", "debian"), ("major", "12"), ("minor", "3"), ("name", "Debian 12"), ("uname", "6.1")),
            metrics.OsVersion);
        Assert.Equal(TestSite.Map(("major", "7"), ("minor", "2"), ("micro", "22")), metrics.PvDriversVersion);
        Assert.True(metrics is { Live: true, PvDriversDetected: true, PvDriversUpToDate: true });

        // A version of its own invention is none of these.
        await SaysAsync(Report("10.0.0.7") with { AgentVersion = "1.x.999999999999999.4" });
        Assert.Equal(TestSite.Map(("major", "1"), ("build", "4")), _site.Get(_site.Get(_vm).GuestMetrics).PvDriversVersion);

        var reference = _site.Get(_vm).GuestMetrics;
        await _site.Client.CallAsync("VM.hard_shutdown", _vm);
        Assert.True(_site.Get(_vm).GuestMetrics.IsNull);
        Assert.DoesNotContain(_site.Daemon.Services.State.All<VmGuestMetricsRecord>(), r => r.Ref == reference);

        // What comes late of a guest that has ended says nothing.
        await SaysAsync(Report("10.0.0.7"));
        Assert.True(_site.Get(_vm).GuestMetrics.IsNull);
    }

    [Fact]
    public async Task Only_what_is_new_is_written_and_a_guest_that_falls_silent_is_shown_as_such()
    {
        var state = _site.Daemon.Services;
        Assert.False(GuestMetrics.Differs(state.State, _site.Get(_vm), null));
        await SaysAsync(Report("10.0.0.7"));
        Assert.False(GuestMetrics.Differs(state.State, _site.Get(_vm), Report("10.0.0.7")));
        Assert.True(GuestMetrics.Differs(state.State, _site.Get(_vm), Report("10.0.0.8")));
        var generation = state.State.Generation;
        await SaysAsync(Report("10.0.0.7"));
        Assert.Equal(generation, state.State.Generation);

        await SaysAsync(null);
        var metrics = _site.Get(_site.Get(_vm).GuestMetrics);
        Assert.False(metrics.Live);
        Assert.Equal("10.0.0.7", metrics.Networks["0/ip"]);
        Assert.False(GuestMetrics.Differs(state.State, _site.Get(_vm), null));

        await SaysAsync(Report("10.0.0.8"));
        Assert.True(_site.Get(_site.Get(_vm).GuestMetrics) is { Live: true } now && now.Networks["0/ip"] == "10.0.0.8");

        // A suspended one says nothing until it goes on.
        await _site.Client.CallAsync("VM.hard_shutdown", _vm);
        Assert.Empty(_site.All<VmGuestMetricsRecord>());
    }

    [Fact]
    public async Task A_VM_that_is_elsewhere_by_now_is_not_touched()
    {
        var other = await _site.AddHostAsync("other");
        await _site.Daemon.Services.Database.WriteAsync(
            tx => GuestMetrics.Apply(tx, _vm, other, Report("10.0.0.7"), DateTimeOffset.UnixEpoch), TestSite.Cancel);
        Assert.True(_site.Get(_vm).GuestMetrics.IsNull);
    }

    private Task SaysAsync(GuestReport? report) => _site.Daemon.Services.Database.WriteAsync(
        tx => GuestMetrics.Apply(tx, _vm, _site.Host, report, DateTimeOffset.UnixEpoch), TestSite.Cancel);

    private static GuestReport Report(params string[] addresses) => new()
    {
        AgentVersion = "7.2.22",
        SystemName = "Debian 12",
        SystemId = "debian",
        SystemVersion = "12.3",
        Kernel = "6.1",
        Nics =
        [
            new("00:00:00:00:00:00", ["127.0.0.1"]), new("52:54:00:00:00:0A".ToLowerInvariant(), addresses),
            new("52:54:00:00:00:0a", [addresses[0], "10.9.9.9"]), new("52:54:00:ff:ff:ff", ["10.1.1.1"]),
        ],
    };
}
