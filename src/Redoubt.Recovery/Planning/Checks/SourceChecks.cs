namespace Redoubt.Recovery;

/// <summary>
/// That no VM runs twice: every pool that could be running a chosen VM has been asked, or the operator has stated that it is dead. A check
/// that could not be made has failed. A test starts clones in a network of their own and may do so beside the original.
/// </summary>
internal static class SourceChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        if (scene.IsTest)
        {
            return;
        }

        foreach (var source in SourcePool.All(scene))
        {
            if (source.Live is { } live)
            {
                Alive(scene, source, live, findings);
            }
            else if (scene.IsOrderly)
            {
                findings.Block(
                    "source-unreachable", source.Pool, $"A {(scene.Policy.Kind == RecoveryKind.Migration ? "migration" : "failback")} shuts the VMs down at their source first, and it was not reached: {source.WhyNot}.",
                    "Name the source with an address and a password that work; if it is lost, plan a failover.", null, source.Vms.Select(v => v.Object));
            }
            else if (!source.IsDead)
            {
                findings.Block(
                    "source-not-dead", source.Pool, $"The pool could be running these VMs: {source.WhyNot}, and nobody has stated that it is dead.",
                    "See with your own eyes that its hosts are off, or cut off from storage and network. Then say so: source-dead=true", null, source.Vms.Select(v => v.Object));
            }
        }
    }

    private static void Alive(PlanScene scene, SourcePool source, DatabaseIndex live, FindingList findings)
    {
        var alive = source.Vms.Where(v => live.IsAlive(v.Vm.Uuid)).Select(v => v.Object).ToList();
        var contradicted = scene.Policy.IsSourceDead;
        if (alive.Count == 0)
        {
            if (contradicted)
            {
                findings.Warn("source-alive", source.Pool, "The pool was stated to be dead, but it answers. The VMs are off there.", "Make sure that nobody starts them there.", null, source.Vms.Select(v => v.Object));
            }

            return;
        }

        if (scene.IsOrderly)
        {
            findings.Tell("vm-alive-at-source", source.Pool, $"Running there now: {string.Join(", ", alive.Select(v => v.Name))}. They are shut down first.", "Nothing.", alive);
            return;
        }

        // Not even the operator's statement outweighs a pool that answers and says otherwise.
        findings.Block(
            "vm-alive-at-source", source.Pool,
            $"Running there now{(contradicted ? ", though the pool was stated to be dead" : "")}: {string.Join(", ", alive.Select(v => v.Name))}.",
            "Plan a migration, or shut them down there first.",
            new(FixKind.ShutDownAtSource, "shut them down there, cleanly and then hard"), alive);
    }
}
