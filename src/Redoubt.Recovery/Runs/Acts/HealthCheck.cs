using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>How a VM is found to be well: what the policy says, else what its own <c>other_config</c> says, else its start delay.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Text">As it is configured.</param>
/// <param name="Argument">The host, the text, or the script.</param>
/// <param name="Port">The port.</param>
/// <param name="Delay">The VM's start delay.</param>
/// <param name="IsFromPolicy">Whether an operator asked for it, and not whoever wrote the VM's metadata.</param>
/// <param name="Limit">How long it may take; null for what the plan says.</param>
internal sealed record HealthCheck(
    HealthCheckKind Kind, string Text, string Argument, int Port, TimeSpan Delay, bool IsFromPolicy, TimeSpan? Limit)
{
    // A week: whoever waits longer has mistyped it, and more than some is no time span any more.
    private const long Longest = 7 * 24 * 3600;

    /// <exception cref="StepFailedException">The VM says something that can't be read.</exception>
    public static HealthCheck Of(PlanObject plan, VmRecord vm, RecoveryPolicy policy)
    {
        var told = policy.Health.GetValueOrDefault(plan.Uuid) ?? policy.Health.GetValueOrDefault(plan.Name);
        var text = told ?? vm.OtherConfig.GetValueOrDefault(Marks.Health, "delay");
        var (kind, argument, port) = Parse(text);
        return new(kind, text, argument, port, DelayOf(vm), told is not null, LimitOf(vm));
    }

    private static TimeSpan DelayOf(VmRecord vm) => vm.StartDelay is >= 0 and <= Longest
        ? TimeSpan.FromSeconds(vm.StartDelay)
        : throw new StepFailedException($"Its start delay is {vm.StartDelay} s, which is no time of at most {Longest} s. Set start-delay.");

    private static TimeSpan? LimitOf(VmRecord vm) =>
        vm.OtherConfig.GetValueOrDefault(Marks.HealthTimeout) is not { } text ? null
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0 and <= Longest ? TimeSpan.FromSeconds(seconds)
        : throw new StepFailedException(
            $"Its other-config:{Marks.HealthTimeout} is \"{text}\", which is no number of seconds up to {Longest}. Set it right.");

    private static (HealthCheckKind Kind, string Argument, int Port) Parse(string text)
    {
        var parts = text.Split(':', 2);
        return (parts[0], parts.ElementAtOrDefault(1) ?? "") switch
        {
            ("delay", "") => (HealthCheckKind.Delay, "", 0),
            ("agent", "") => (HealthCheckKind.Agent, "", 0),
            ("tcp", var address) when int.TryParse(
                address[(address.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and < 65536 =>
                (HealthCheckKind.Tcp, address[..Math.Max(0, address.LastIndexOf(':'))], port),
            ("console", { Length: > 0 } wanted) => (HealthCheckKind.Console, wanted, 0),
            ("script", { Length: > 0 } script) => (HealthCheckKind.Script, script, 0),
            _ => (HealthCheckKind.Unknown, "", 0),
        };
    }
}
