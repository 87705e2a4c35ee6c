using System.Text.Json;
using System.Xml.Linq;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>What a guest uses, as those who draw graphs ask for it.</summary>
[Trait("Needs", "guest")]
public sealed class StatisticsTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_guest_and_its_host_use_is_shown_over_HTTP_and_in_calls()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, 20);
        using var http = new HttpClient { BaseAddress = site.Api.Server };
        var session = $"session_id={Uri.EscapeDataString(site.Api.Session.Opaque)}";
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await http.GetAsync("/rrd_updates?start=0", Stop)).StatusCode);

        // It writes a count each tenth of a second, and sends on its network as it comes up.
        var writes = $"AVERAGE:vm:{guest.Uuid}:vbd_xvdb_write";
        XElement xml = null!;
        await Patience.UntilAsync(
            async () =>
            {
                xml = XElement.Parse(await http.GetStringAsync($"/rrd_updates?{session}&start=-60&host=true&cf=AVERAGE&interval=5", Stop));
                return Value(xml, writes) is > 0 && Value(xml, $"AVERAGE:vm:{guest.Uuid}:cpu0") is > 0;
            },
            "its writes are measured");
        var memory = (await site.Api.Vm.GetRecordAsync(vm, Stop)).MemoryDynamicMax;
        Assert.Equal(memory, Value(xml, $"AVERAGE:vm:{guest.Uuid}:memory"));
        var hosts = await site.Api.GetAllRecordsAsync<HostRecord>(Stop);
        Assert.InRange(Value(xml, $"AVERAGE:host:{hosts.Single().Value.Uuid}:memory_total_kib") ?? 0, 1, double.MaxValue);
        Assert.InRange(Value(xml, $"AVERAGE:vm:{guest.Uuid}:cpu0") ?? 0, 0.0001, 1.5);

        using var json = JsonDocument.Parse(await http.GetStringAsync($"/rrd_updates?{session}&start=-60&json=true", Stop));
        Assert.Contains(writes, json.RootElement.GetProperty("meta").GetProperty("legend").EnumerateArray().Select(e => e.GetString()));

        var dump = XElement.Parse(await http.GetStringAsync($"/vm_rrd?{session}&uuid={guest.Uuid}", Stop));
        Assert.Contains("vbd_xvdb_write", dump.Elements("ds").Select(d => d.Element("name")!.Value));
        Assert.Equal(4, XElement.Parse(await http.GetStringAsync($"/host_rrd?{session}", Stop)).Elements("rra").Count());
        Assert.Equal(
            System.Net.HttpStatusCode.NotFound, (await http.GetAsync($"/vm_rrd?{session}&uuid={Guid.NewGuid()}", Stop)).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, (await http.GetAsync($"/rrd_updates?{session}&start=x", Stop)).StatusCode);

        Assert.InRange(await site.Api.CallAsync<double>("VM.query_data_source", [vm, "vbd_xvdb_write"], Stop), 1, double.MaxValue);
        Assert.NotEqual(
            "<unknown>", await _shell.RunAsync(site, $"vbd-list vm-uuid={guest.Uuid} userdevice=1 params=io_write_kbs --minimal"));
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
    }

    /// <summary>The newest value of a column that is a number.</summary>
    private static double? Value(XElement xport, string entry)
    {
        var column = xport.Element("meta")!.Element("legend")!.Elements("entry").Select(e => e.Value).ToList().IndexOf(entry);
        return column < 0 ? null : xport.Element("data")!.Elements("row").Select(r => (double)r.Elements("v").ElementAt(column))
            .Where(v => !double.IsNaN(v)).Select(v => (double?)v).FirstOrDefault();
    }
}
