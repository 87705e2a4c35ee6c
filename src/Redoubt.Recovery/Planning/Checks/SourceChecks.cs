using System.Collections.Immutable;

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

        var sources = scene.Sources;
        var statement = DeadStatement.Of(scene, [.. sources.Select(s => s.Pool)]);
        Stated(scene, statement, findings);
        Silent(scene, [.. sources.Select(s => s.Pool)], statement, findings);
        foreach (var source in sources)
        {
            if (source.Live is { } live)
            {
                Alive(scene, source, live, findings);
            }
            else if (scene.IsOrderly)
            {
                findings.Block(
                    "source-unreachable", source.Pool,
                    $"A {(scene.Policy.Kind == RecoveryKind.Migration ? "migration" : "failback")} shuts the VMs down at their source "
                        + $"first, and it was not reached: {source.WhyNot}.",
                    "Name the source with an address and a password that work; if it is lost, plan a failover.", null,
                    source.Vms.Select(v => v.Object));
            }
            else if (!source.IsDead)
            {
                findings.Block(
                    "source-not-dead", source.Pool,
                    $"The pool could be running these VMs: {source.WhyNot}, and nobody has stated that it is dead.",
                    "See with your own eyes that its hosts are off, or cut off from storage and network. Then say so: "
                        + $"source-dead={statement.NameOf(source.Pool)}",
                    null, source.Vms.Select(v => v.Object));
            }
        }
    }

    // The statement takes away the last thing that keeps a VM from running twice, so it must say of whom it speaks.
    private static void Stated(PlanScene scene, DeadStatement statement, FindingList findings)
    {
        if (statement.IsUndecided)
        {
            findings.Block(
                "source-dead-unnamed", new(ObjectKind.Request, "source-dead", "source-dead=true"),
                $"The statement names no pool, and {statement.Meant.Length} that do not answer could be running these VMs: "
                    + $"{string.Join(", ", statement.Meant.Select(p => p.Describe()))}.",
                $"Name each that you know to be dead: source-dead={string.Join(',', statement.Meant.Select(statement.NameOf))}");
        }

        foreach (var name in statement.Ambiguous)
        {
            findings.Block(
                "source-dead-ambiguous", new(ObjectKind.Request, name, name),
                $"Several pools are called \"{name}\": "
                    + $"{string.Join(", ", statement.Known.Where(p => p.Name == name).Select(p => p.Uuid))}.",
                "Name by UUID the one that is dead: source-dead=UUID");
        }

        foreach (var name in statement.Unknown)
        {
            findings.Block(
                "source-dead-unknown", new(ObjectKind.Request, name, name),
                $"\"{name}\" was stated to be dead, but no pool and no site is called so.",
                statement.Meant.IsEmpty
                    ? "Leave it out."
                    : $"Name one of these, or leave it out: {string.Join(", ", statement.Meant.Select(statement.NameOf))}");
        }
    }

    // The target asks every site it knows before it starts a VM, and would refuse: better that this is known before.
    private static void Silent(PlanScene scene, ImmutableArray<PlanObject> sources, DeadStatement statement, FindingList findings)
    {
        foreach (var site in DeadStatement.SilentSites(scene, sources))
        {
            var about = new PlanObject(ObjectKind.Pool, site.PoolUuid!, site.Name);
            if (!statement.Covers(about) && scene.Chosen.Count > 0)
            {
                findings.Block(
                    "site-silent", about, $"The site could be running these VMs, and can't be asked: {site.Reason}.",
                    "Have it answer, or remove it from the sites if it has nothing to do with them. If it is dead, say so: "
                        + $"source-dead={statement.NameOf(about)}",
                    null, scene.Chosen.Select(c => c.Object));
            }
        }
    }

    private static void Alive(PlanScene scene, SourcePool source, DatabaseIndex live, FindingList findings)
    {
        var alive = source.Vms.Where(v => live.IsAlive(v.Vm.Uuid)).Select(v => v.Object).ToList();
        var contradicted = source.IsDead || scene.Policy.IsSourceDead;
        if (alive.Count == 0)
        {
            if (contradicted)
            {
                findings.Warn(
                    "source-alive", source.Pool, "The pool was stated to be dead, but it answers. The VMs are off there.",
                    "Make sure that nobody starts them there.", null, source.Vms.Select(v => v.Object));
            }

            return;
        }

        if (scene.IsOrderly)
        {
            findings.Tell(
                "vm-alive-at-source", source.Pool,
                $"Running there now: {string.Join(", ", alive.Select(v => v.Name))}. They are shut down first.", "Nothing.", alive);
            return;
        }

        // Not even the operator's statement outweighs a pool that answers and says otherwise.
        findings.Block(
            "vm-alive-at-source", source.Pool,
            $"Running there now{(contradicted ? ", though the pool was stated to be dead" : "")}: "
                + $"{string.Join(", ", alive.Select(v => v.Name))}.",
            "Plan a migration, or shut them down there first.",
            new(FixKind.ShutDownAtSource, "shut them down there, cleanly and then hard"), alive);
    }
}
