namespace Redoubt.Recovery;

/// <summary>What somebody took on themselves for a run to be made, or to go on.</summary>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="What">What they stated, or agreed to.</param>
internal sealed record RunStatement(DateTimeOffset At, string By, string What)
{
    /// <summary>All of a run, in their order: what was stated with the decision, and what was answered.</summary>
    public static IEnumerable<RunStatement> All(RunState state)
    {
        var policy = state.Request.Policy;
        var fenced = state.Plan.Steps.OfType<FenceSource>().Select(f => f.Pool.Uuid).ToHashSet();
        var atDecision = state.Plan.StatedDead.Select(p => fenced.Contains(p.Uuid)
                ? $"{p.Describe()} is dead: none of its hosts runs any of these VMs, now or when it comes back."
                : $"Site {p.Name} ({p.Uuid}), which could not be asked, is dead and runs none of these VMs.")
            .Concat(
                policy.AcceptedVolumes.Select(
                    v => $"The metadata volume {v} is to be believed, though nothing may prove that it is a pool's."))
            .Concat(policy.AcceptedMissingDisks.Select(d => $"The VMs are to do without the disk {d} if it is missing."))
            .Concat(policy.Copies.Select(c => $"Of VM {c.Key} the copy {(c.Value == RecoveryPolicy.CopyHere ? "in the target pool" : $"on the volume {c.Value}")} is to be taken, whichever is newer."))
            .Concat(policy.AcceptsUnplugged ? ["VMs are to count as healthy though interfaces of theirs are not plugged."] : [])
            .Concat(state.Plan.Findings.Where(f => Resolution.IsAsked(policy, f.Code, f.Object))
                .Select(f => $"The finding {f.Code} of {f.Object.Describe()} is to be dealt with. {f.Sentence} {f.Advice}"));
        var approval = state.Request.Approval is not { } given ? [] : new[]
        {
            new RunStatement(
                given.At, given.By,
                (given.IsOverride
                    ? "EMERGENCY: started WITHOUT the second person whom the pool asks for."
                    : "Approved, as the second person whom the pool asks for.")
                    + $" {given.Statement}".TrimEnd() + $" (request {given.Id})"),
        };
        return approval.Concat(atDecision.Select(what => new RunStatement(state.StartedAt, state.StartedBy, what)))
            .Concat(state.Answers);
    }
}
