using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>A row of the selection: the name of a pool, a unit, or a VM of the vApp above it.</summary>
/// <param name="Key">Tells it from the others.</param>
/// <param name="Heading">The words of a heading; null for any other row.</param>
/// <param name="Unit">The unit; null for a heading.</param>
/// <param name="Vm">The VM; null for a heading and for a vApp.</param>
internal sealed record SelectRow(string Key, string? Heading, Unit? Unit, VmChoice? Vm)
{
    /// <summary>Whether it can be ticked.</summary>
    public bool IsUnit => Unit is not null && (Vm is null || Unit.Appliance is null);

    /// <summary>The rows of what somebody looks for, and the units that are in them.</summary>
    public static (List<SelectRow> Rows, List<Unit> Units) Of(ImmutableArray<Unit> units, string search)
    {
        var (rows, found, pool) = (new List<SelectRow>(), new List<Unit>(), (string?)null);
        foreach (var unit in units)
        {
            var vms = unit.Find(search);
            if (vms.IsEmpty)
            {
                continue;
            }

            found.Add(unit);
            var heading = unit.IsHere ? RecoverText.NewestHere : RecoverText.Pool(unit.Pool);
            if (heading != pool)
            {
                rows.Add(new("pool " + heading, heading, null, null));
                pool = heading;
            }

            if (unit.Appliance is null)
            {
                rows.Add(new(unit.Uuid, null, unit, vms[0]));
            }
            else
            {
                rows.Add(new(unit.Uuid, null, unit, null));
                rows.AddRange(vms.Select(v => new SelectRow(v.Vm.Uuid, null, unit, v)));
            }
        }

        return (rows, found);
    }
}
