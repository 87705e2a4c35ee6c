using System.Diagnostics;

namespace Redoubt.Bench;

/// <summary>
/// Durable changes through the real HTTP API, of a pool of 1,000 VMs, by 1 to 256 clients at once, against raw <c>fdatasync</c>. Server and
/// clients share the processors, so a call that only reads is measured too: it is what HTTP alone costs here.
/// </summary>
internal static class HttpBench
{
    private const int Vms = 1_000;
    private const int Rounds = 12;
    private const int Calls = 512;
    private const int WarmUp = 40 * Calls;

    public static async Task RunAsync()
    {
        await using var pool = new BigPool();
        await pool.CreateAsync(Vms);
        await pool.StartAsync();
        var all = await pool.CallAsync("VM.get_all", pool.Session);
        var vms = all.EnumerateArray().Select(v => v.GetString()!).ToList();
        using var raw = File.OpenHandle(Path.Combine(pool.Directory.FullName, "raw"), FileMode.Create, FileAccess.ReadWrite);
        JournalBench.Preallocate(raw);
        var bytes = new byte[200];

        // Until what is called often has been compiled for good; else the first figures measure the compiler.
        for (var call = 0; call < WarmUp; call += Calls)
        {
            await EachAsync(8, (c, i) => pool.CallAsync("VM.set_name_description", pool.Session, vms[c % vms.Count], $"{call} {i}"));
            await EachAsync(8, (c, _) => pool.CallAsync("VM.get_name_description", pool.Session, vms[c % vms.Count]));
        }

        foreach (var clients in new[] { 1, 8, 64, 256 })
        {
            var (rawMs, writeMs, readMs) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = -4; round < Rounds; round++)
            {
                var one = JournalBench.Raw(raw, bytes, round + 4);
                var write = await EachAsync(
                    clients, (c, i) => pool.CallAsync("VM.set_name_description", pool.Session, vms[c % vms.Count], $"{round} {i}"));
                var read = await EachAsync(clients, (c, _) => pool.CallAsync("VM.get_name_description", pool.Session, vms[c % vms.Count]));
                if (round >= 0)
                {
                    rawMs.Add(one);
                    writeMs.Add(write);
                    readMs.Add(read);
                }
            }

            var (r, w, g) = (1000 / JournalBench.Median(rawMs), 1000 / JournalBench.Median(writeMs), 1000 / JournalBench.Median(readMs));
            System.Console.WriteLine(
                $"http, {clients,3} clients: {w:0} durable changes/s; raw fdatasync {r:0}/s, ratio {w / r:0.00}; calls that only read "
                    + $"{g:0}/s, ratio {w / g:0.00}");
        }
    }

    /// <summary>Milliseconds for each call, counted over all clients together.</summary>
    private static async Task<double> EachAsync(int clients, Func<int, int, Task> call)
    {
        var watch = Stopwatch.StartNew();
        var each = Calls / clients;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(c => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                await call(c, i);
            }
        })));
        return watch.Elapsed.TotalMilliseconds / (each * clients);
    }
}
