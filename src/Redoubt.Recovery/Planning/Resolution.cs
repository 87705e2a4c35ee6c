using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>The findings whose automatic fix the operator asked for, and the steps that these fixes are. Pure.</summary>
/// <param name="Findings">All findings, in their order; what is dealt with blocks no more.</param>
/// <param name="Fixes">The steps, each once.</param>
internal sealed record Resolution(ImmutableArray<Finding> Findings, ImmutableArray<ApplyFix> Fixes)
{
    public static bool IsAsked(RecoveryPolicy policy, string code, PlanObject about) =>
        policy.Resolve.Contains(code) || policy.Resolve.Contains($"{code}:{about.Uuid}");

    public static Resolution Of(RecoveryPolicy policy, ImmutableArray<Finding> found)
    {
        var fixes = new List<ApplyFix>();
        var findings = found.Select(finding =>
        {
            if (!IsAsked(policy, finding.Code, finding.Object))
            {
                return finding;
            }

            switch (finding.Fix?.Kind)
            {
                case FixKind.CreateNetwork:
                    fixes.Add(new ApplyFix(finding.Fix.Kind, finding.Object));
                    return DealtWith(finding, "") with
                    {
                        Advice = "The run begins with making an internal network, as the operator asked. It connects these VMs with each "
                            + "other and with nothing else: "
                            + "move them to another (vif-move uuid= network-uuid=) when there is one.",
                    };
                case FixKind.PlugPbd or FixKind.ShutDownHere or FixKind.DisableHa:
                    fixes.Add(new ApplyFix(finding.Fix.Kind, finding.Object));
                    return DealtWith(finding, "The run begins with it");
                case FixKind.AttachStorage when finding.Code == "sr-missing":
                    return DealtWith(finding, "The run attaches it");
                case FixKind.ShutDownAtSource:
                    return DealtWith(finding, "The run shuts them down there");
                case FixKind.DropDisk:
                    return DealtWith(finding, "The run goes without it if it is still missing then");
                default:
                    return finding with
                    {
                        Advice = finding.Advice + " (It was asked to resolve this, but nothing can do so without being told more.)",
                    };
            }
        });
        return new([.. findings.ToList().OrderBy(f => f.Severity)], [.. fixes.Distinct()]);
    }

    private static Finding DealtWith(Finding finding, string how) => finding with
    {
        Severity = finding.Severity == Severity.Block ? Severity.Warning : finding.Severity,
        Advice = $"Nothing: {how}, as the operator asked.",
    };
}
