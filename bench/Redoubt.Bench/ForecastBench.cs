using Redoubt.Recovery;

namespace Redoubt.Bench;

/// <summary>
/// How far the forecast of a run's length is off, over ten test failovers of the same forty VMs after the first, which there is nothing to
/// foresee by. On libvirt's test driver, where runs are short and noise is large; start delays of guests only make it look better.
/// </summary>
internal static class ForecastBench
{
    private const int Vms = 40;
    private const int Runs = 10;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var storage = directory.CreateSubdirectory("storage").FullName;
            var sr = Guid.NewGuid().ToString();
            var volume = Guid.NewGuid().ToString();
            await LostPool.WriteAsync(Path.Combine(storage, sr), volume, LostPool.Make(sr, Vms, 4, 3));
            await using var site = await BenchSite.StartAsync(Path.Combine(directory.FullName, "site"), "test:///default");
            await site.AttachAsync(storage, sr);
            var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test, AcceptedVolumes = [volume] } };
            await site.RunAsync(request);
            var (errors, lengths) = (new List<double>(), new List<double>());
            for (var i = 0; i < Runs; i++)
            {
                var run = await site.RunAsync(request);
                var length = run.EndedAt!.Value - run.StartedAt;
                lengths.Add(length.TotalSeconds);
                errors.Add((run.Forecast!.Value - length).Duration() / length);
            }

            System.Console.WriteLine(
                $"forecast, {Runs} runs of {Vms} VMs of {lengths.Min():0.00} to {lengths.Max():0.00} s: off by {errors.Average():0%} of "
                    + "the run's length in the mean, "
                + $"{JournalBench.Median(errors):0%} in the median, {errors.Max():0%} at worst");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
