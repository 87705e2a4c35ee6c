namespace Redoubt.Recovery;

/// <summary>Whether the target pool as such can recover.</summary>
internal static class PoolChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        var pool = scene.PoolObject;
        if (scene.Pool.IsDrRestricted)
        {
            findings.Block(
                "licence", pool, "The licence of the target pool does not include disaster recovery (restrict_dr).",
                "Apply a licence that does.");
        }

        if (scene.Inventory.Target.MayRecover == false)
        {
            findings.Block(
                "role", pool, "Your role in the target pool does not allow a recovery.",
                "Log in as somebody who is at least a pool operator there.");
        }

        // It has no hand in the copies of a test.
        if (scene.Pool.IsHaEnabled && !scene.IsTest)
        {
            HighAvailability(scene, pool, findings);
        }

        if (scene.IsTest && !scene.Offers("VM.recover_for_test"))
        {
            findings.Block(
                "test-not-isolated", pool,
                $"The target pool runs {scene.Product}, which can't clone replicated storage for a test: it would import the VMs for real, "
                    + "replace the older copies here, and write to the replica's disks.",
                "Test against a Redoubt pool, or on a clone of the storage that the array made.");
        }
    }

    private static void HighAvailability(PlanScene scene, PlanObject pool, FindingList findings)
    {
        var fix = new Fix(FixKind.DisableHa, "switch high availability off for the run; switch it on again yourself when all is well");
        var kept = scene.Chosen.Where(c => c.Vm.IsKeptRunningByHa).Select(c => c.Object).ToList();
        if (kept.Count > 0)
        {
            findings.Block(
                "ha-starts-vms", pool,
                "High availability is on in the target pool, and would start these VMs by itself as soon as they are "
                    + "recovered, in no order.",
                "Switch it off for the time of the recovery.", fix, kept);
        }
        else
        {
            findings.Warn(
                "ha-enabled", pool, "High availability is on in the target pool; more VMs may break its plan for the loss of hosts.",
                "Look at its plan afterwards.", fix);
        }
    }
}
