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
/// <param name="Timeout">How long it may take; null for what the plan says.</param>
internal sealed record HealthCheck(HealthCheckKind Kind, string Text, string Argument, int Port, TimeSpan Delay, bool IsFromPolicy, TimeSpan? Timeout)
{
    private const string Key = "dr-health";

    public static HealthCheck Of(PlanObject plan, VmRecord vm, RecoveryPolicy policy)
    {
        var told = policy.Health.GetValueOrDefault(plan.Uuid) ?? policy.Health.GetValueOrDefault(plan.Name);
        var text = told ?? vm.OtherConfig.GetValueOrDefault(Key, "delay");
        TimeSpan? timeout = double.TryParse(vm.OtherConfig.GetValueOrDefault("dr-health-timeout"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds) : null;
        var (kind, argument, port) = Parse(text);
        return new(kind, text, argument, port, TimeSpan.FromSeconds(vm.StartDelay), told is not null, timeout);
    }

    private static (HealthCheckKind Kind, string Argument, int Port) Parse(string text)
    {
        var parts = text.Split(':', 2);
        return (parts[0], parts.ElementAtOrDefault(1) ?? "") switch
        {
            ("delay", "") => (HealthCheckKind.Delay, "", 0),
            ("agent", "") => (HealthCheckKind.Agent, "", 0),
            ("tcp", var address) when int.TryParse(address[(address.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 =>
                (HealthCheckKind.Tcp, address[..Math.Max(0, address.LastIndexOf(':'))], port),
            ("console", { Length: > 0 } wanted) => (HealthCheckKind.Console, wanted, 0),
            ("script", { Length: > 0 } script) => (HealthCheckKind.Script, script, 0),
            _ => (HealthCheckKind.Unknown, "", 0),
        };
    }
}
