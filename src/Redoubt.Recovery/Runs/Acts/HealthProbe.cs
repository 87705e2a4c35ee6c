using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Looks whether a VM is well. A check that can't be made has failed, and says so.</summary>
internal sealed class HealthProbe(StepScope scope, PlanObject vm, Ref<VmRecord> here, HealthCheck check, TimeSpan limit)
{
    // Enough to find a text that is cut by the end of a piece.
    private const int Overlap = 4096;
    private static readonly TimeSpan AgentLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);

    // A guest that boots anew is off for a moment, and somebody may start one; those after it must not wait the whole limit for the rest.
    private static readonly TimeSpan OffLimit = TimeSpan.FromSeconds(30);

    private long? _read;
    private string _tail = "";
    private bool _isPlugged;
    private DateTimeOffset? _offSince;

    /// <summary>Whether it makes no sense to look again.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>By what it was found to be well, for people.</summary>
    public string Found { get; private set; } = "";

    /// <summary>Why it is not well, or not yet; null if it is.</summary>
    public async Task<string?> WhyNotAsync()
    {
        var record = await scope.GetAsync(scope.Target, here);
        if (record.PowerState == VmPowerState.Halted)
        {
            _offSince ??= scope.Time.GetUtcNow();
            return scope.Time.GetUtcNow() - _offSince < OffLimit
                ? "it is halted"
                : Hopeless($"it is halted, and has not been started again for {Moments.Write(OffLimit)}");
        }

        _offSince = null;
        if (record.PowerState != VmPowerState.Running)
        {
            return $"it is {record.PowerState.ToString().ToLowerInvariant()}";
        }

        // One that nobody can reach is not well, whatever its check finds. They were plugged when it was started, or never will be.
        if (!_isPlugged && !scope.State.Request.Policy.AcceptsUnplugged && await Interfaces.UnpluggedAsync(scope, record) is { } unplugged)
        {
            return Hopeless($"{unplugged} (accept-unplugged=true calls it healthy all the same)");
        }

        _isPlugged = true;
        return check.Kind switch
        {
            HealthCheckKind.Delay => Delay(),
            HealthCheckKind.Agent => await AgentAsync(record),
            HealthCheckKind.Tcp => await TcpAsync(record),
            HealthCheckKind.Console => await ConsoleAsync(record),
            HealthCheckKind.Script => await ScriptAsync(),
            HealthCheckKind.Unknown => Hopeless("the check is none of delay, agent, tcp:PORT, tcp:HOST:PORT, console:TEXT, script:NAME"),
        };
    }

    private string? Delay() => scope.Time.GetUtcNow() - scope.Vm(vm).StartedAt >= check.Delay
        ? Well($"it had run for {Moments.Write(check.Delay)}; nothing else was to be looked at")
        : $"it has not run for {Moments.Write(check.Delay)} yet";

    // A Redoubt pool asks the agent now; a genuine one notes when its own agent has spoken.
    private async Task<string?> AgentAsync(VmRecord record)
    {
        if (!await scope.OffersAsync(scope.Target, "VM.ping_guest_agent"))
        {
            return await AgentHasSpokenAsync(record);
        }

        return await scope.Target.Vm.PingGuestAgentAsync(here, AgentLimit.TotalSeconds, scope.Token)
            ? Well("its guest agent answered")
            : "its guest agent does not answer";
    }

    private async Task<string?> AgentHasSpokenAsync(VmRecord record) =>
        !record.GuestMetrics.IsNull && await scope.GetAsync(scope.Target, record.GuestMetrics) is { } metrics
            && (metrics.Live || metrics.PvDriversDetected)
            ? Well("its guest agent has spoken") : "its guest agent has said nothing";

    private async Task<string?> TcpAsync(VmRecord record)
    {
        // Whatever answers at that address is then not the copy: it may well be production.
        if (scope.State.IsTest && !await IsOnRealNetworkAsync(record))
        {
            return Hopeless("the networks of a test are isolated, so that its ports can't be reached from here");
        }

        var host = check.Argument;
        if (host.Length == 0)
        {
            var metrics = record.GuestMetrics.IsNull ? null : await scope.GetAsync(scope.Target, record.GuestMetrics);
            host = metrics?.Networks.Where(n => n.Key.EndsWith("/ip", StringComparison.Ordinal)).Select(n => n.Value).FirstOrDefault()
                ?? "";
            if (host.Length == 0)
            {
                return "its guest agent has not told its address";
            }
        }

        // By real time, for so goes the network, whatever clock the run goes by.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(scope.Stop);
        patience.CancelAfter(ConnectLimit);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(host, check.Port, patience.Token);
            return Well($"{host} port {check.Port} took a connection");
        }
        catch (SocketException refused)
        {
            return $"{host} port {check.Port}: {refused.SocketErrorCode}";
        }
        catch (OperationCanceledException) when (!scope.Stop.IsCancellationRequested)
        {
            return $"{host} port {check.Port} did not answer";
        }
    }

    // The map for tests may connect a copy to one.
    private async Task<bool> IsOnRealNetworkAsync(VmRecord record)
    {
        foreach (var vif in record.Vifs)
        {
            var network = (await scope.GetAsync(scope.Target, vif)).Network;
            if (!network.IsNull && !TestActs.IsMine(scope, (await scope.GetAsync(scope.Target, network)).OtherConfig))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<string?> ConsoleAsync(VmRecord record)
    {
        if (!await scope.OffersAsync(scope.Target, "VM.get_console_log"))
        {
            return Hopeless("the target pool keeps no text of consoles");
        }

        string text;
        _read ??= ConsoleStart(record);
        do
        {
            (var begin, text) = await ConsoleText.ReadAsync(scope.Target, here, _read.Value, scope.Token);
            _read = begin + Encoding.UTF8.GetByteCount(text);
            var all = _tail + text;
            if (all.Contains(check.Argument, StringComparison.Ordinal))
            {
                return Well($"its console said \"{check.Argument}\"");
            }

            _tail = all[^Math.Min(all.Length, Overlap)..];
        }
        while (text.Length > 0);
        return $"its console has not said \"{check.Argument}\"";
    }

    // What the guest said when it ran here before is no sign of its health now.
    private static long ConsoleStart(VmRecord record) =>
        long.TryParse(
            record.OtherConfig.GetValueOrDefault("console-log-start"), NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? start
            : 0;

    private async Task<string?> ScriptAsync()
    {
        if (scope.State.IsTest && !check.IsFromPolicy)
        {
            return Hopeless(
                "a script that the VM's own metadata names is not run in a test; name it with health:VM=script:NAME "
                    + "if it does no harm then");
        }

        var (code, output) = await Scripts.RunAsync(
            scope, scope.Config.HealthDirectory, check.Argument, limit, vm, [vm.Uuid, scope.Vm(vm).TargetUuid ?? ""]);
        return code == 0
            ? Well($"the script {check.Argument} ended with 0{(output.Length == 0 ? "" : $": {output}")}")
            : $"the script {check.Argument} ended with {code}: {output}";
    }

    private string? Well(string by)
    {
        Found = by;
        return null;
    }

    private string Hopeless(string reason)
    {
        IsHopeless = true;
        return reason;
    }
}
