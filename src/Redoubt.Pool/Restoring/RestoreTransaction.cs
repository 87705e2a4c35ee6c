using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool.Restoring;

/// <summary>Turns the database of a transaction into the one that a plan leads to.</summary>
internal static class RestoreTransaction
{
    public static void Apply(Transaction tx, RestorePlan plan)
    {
        var here = tx.State;
        var models = DataModel.Classes.Values.Where(c => c.Kind == ClassKind.Persistent && !MachineTables.Contains(c.Name)).ToList();
        foreach (var model in models)
        {
            var wanted = plan.Target.Table(model);
            foreach (var row in here.Table(model).Rows.Where(r => wanted.Find(r.Ref) is null))
            {
                tx.Delete(model, row.Ref);
            }
        }

        foreach (var model in models)
        {
            var volatiles = model.AllFields.Where(f => f.IsVolatile).ToList();
            foreach (var row in plan.Target.Table(model).Rows)
            {
                tx.Put(model, row.Ref, here.Table(model).Find(row.Ref) is { } old
                    ? volatiles.Aggregate(row.Record, (record, field) => field.With(record, field.GetValue(old.Record)))
                    : row.Record);
            }
        }

        foreach (var (vm, _) in plan.Target.All<VmRecord>())
        {
            tx.Update(vm, Operations.WithAllowed);
        }

        foreach (var (appliance, _) in plan.Target.All<VmApplianceRecord>())
        {
            tx.Update(appliance, a => AllowedOperations.Apply(tx, a));
        }

        tx.Follow(plan.BackupGeneration);
    }
}
