using Redoubt.Bench;

// Each figure is a ratio against the limit, both measured in this run on this machine. Absolute times are printed beside it, but only the
// ratios can be compared between machines.
var benches = new Dictionary<string, Func<Task>>
{
    ["journal"] = JournalBench.RunAsync,
    ["area"] = AreaBench.RunAsync,
    ["foreign"] = ForeignBench.RunAsync,
    ["change"] = ChangeBench.RunAsync,
    ["http"] = HttpBench.RunAsync,
    ["scale"] = ScaleBench.RunAsync,
    ["stall"] = StallBench.RunAsync,
    ["sr"] = SrBench.RunAsync,
    ["plan"] = PlanBench.RunAsync,
    ["wizard"] = WizardBench.RunAsync,
    ["start"] = StartBench.RunAsync,
    ["failover"] = FailoverBench.RunAsync,
    ["test-failover"] = TestFailoverBench.RunAsync,
    ["run"] = RunBench.RunAsync,
    ["forecast"] = ForecastBench.RunAsync,
};
foreach (var name in args.Length == 0 ? [.. benches.Keys] : args)
{
    if (!benches.TryGetValue(name, out var run))
    {
        System.Console.Error.WriteLine($"There is no bench '{name}'. There is: {string.Join(", ", benches.Keys)}.");
        return 1;
    }

    await run();
}

return 0;
