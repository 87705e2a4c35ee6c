using System.Globalization;
using System.Text;
using Redoubt.Recovery;
using Redoubt.Server.Console.Parts;

namespace Redoubt.Server.Console.Recover;

/// <summary>A request as the command that asks for the same.</summary>
internal static class RequestCommand
{
    /// <summary>The command that carries it out.</summary>
    public static string Of(RecoveryRequest request) => Write(VerbOf(request.Policy.Kind), request);

    /// <summary>The command that only shows the plan.</summary>
    public static string PlanOf(RecoveryRequest request) => Write($"dr-plan kind={request.Policy.Kind.ToString().ToLowerInvariant()}", request);

    private static string VerbOf(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "dr-test",
        RecoveryKind.Migration => "dr-migrate",
        RecoveryKind.Failover => "dr-failover",
        RecoveryKind.Failback => "dr-failback",
    };

    private static string Write(string verb, RecoveryRequest request)
    {
        var policy = request.Policy;
        var text = new StringBuilder($"redoubt {verb}");
        List(text, "sr-uuid", request.SrUuids);
        List(text, "appliances", policy.Chosen.Appliances);
        List(text, "vms", policy.Chosen.Vms);
        One(text, "source", request.Source);
        One(text, "target", request.Target);
        One(text, "at", policy.PointInTime);
        Pairs(text, "network-map", policy.Kind == RecoveryKind.Test ? policy.TestNetworks : policy.Networks);
        Pairs(text, "copy", policy.Copies);
        List(text, "accept-missing", policy.AcceptedMissingDisks);
        List(text, "resolve", policy.Resolve);
        One(text, "source-dead", policy.IsSourceDead ? "true" : null);
        One(text, "power-state", policy.PowerState == PowerStateAfter.Start ? null : policy.PowerState.ToString().ToLower(CultureInfo.InvariantCulture));
        One(text, "keep", request.KeepTest ? "true" : null);
        return text.ToString();
    }

    private static void One(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(' ').Append(ShellWord.Of(name, value));
        }
    }

    private static void List(StringBuilder text, string name, IEnumerable<string> values)
    {
        var joined = string.Join(',', values);
        One(text, name, joined.Length == 0 ? null : joined);
    }

    private static void Pairs(StringBuilder text, string name, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        foreach (var (key, value) in pairs)
        {
            One(text, $"{name}:{key}", value);
        }
    }
}
