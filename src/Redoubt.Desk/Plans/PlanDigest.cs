using System.Security.Cryptography;
using System.Text;
using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>
/// What two plans must have in common for an operator's consent to one to hold for the other: the same VMs from the same volumes, the
/// same steps, and no finding that was not there. Ages and sizes in the sentences change by the second and don't count.
/// </summary>
internal static class PlanDigest
{
    /// <summary>What a second person approves of: the plan, and the request with everything that was stated in it.</summary>
    public static string OfConsent(RecoveryRequest request, RecoveryPlan plan) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(Of(plan) + (request with { Approval = null }).WithoutSecrets().ToJson())));

    public static string Of(RecoveryPlan plan)
    {
        var text = new StringBuilder();
        text.AppendLine($"{plan.Kind} {plan.Target.Uuid}");
        foreach (var choice in plan.Choices)
        {
            text.AppendLine($"vm {choice.Vm.Uuid} from {choice.Chosen?.VolumeUuid ?? "nowhere"}");
        }

        foreach (var finding in plan.Findings.Where(f => f.Severity != Severity.Info))
        {
            text.AppendLine($"{finding.Severity} {finding.Code} {finding.Object.Uuid}");
        }

        foreach (var step in plan.Steps)
        {
            text.AppendLine($"step {step.Key} {step.What}");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
