using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What operators have stated about sites that can't be asked: each statement is for one VM and its next start, and goes with that. They
/// are kept in memory only, since a daemon that was restarted must rather ask again than believe what was true before.
/// </summary>
internal sealed class SiteStatements(TimeProvider time)
{
    /// <summary>For how long a statement that no start has used counts: what somebody saw with their own eyes was true then.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly Lock _changing = new();
    private ImmutableList<SiteStatement> _statements = [];
    private ImmutableHashSet<Ref<VmRecord>> _held = [];

    /// <summary>Keeps a statement for the VM's next start, in the place of an earlier one about the same site.</summary>
    public void Add(SiteStatement statement)
    {
        lock (_changing)
        {
            _statements = Valid().RemoveAll(s => s.Vm == statement.Vm && s.Site == statement.Site).Add(statement);
        }
    }

    /// <summary>What was stated for the VM's next start; it goes on counting.</summary>
    public ImmutableList<SiteStatement> Of(Ref<VmRecord> vm)
    {
        lock (_changing)
        {
            return Valid().FindAll(s => s.Vm == vm);
        }
    }

    /// <summary>Takes what was stated for this start of a VM: each statement serves once.</summary>
    public ImmutableList<SiteStatement> Take(Ref<VmRecord> vm)
    {
        lock (_changing)
        {
            var valid = Valid();
            _statements = valid.RemoveAll(s => s.Vm == vm);
            return valid.FindAll(s => s.Vm == vm);
        }
    }

    /// <summary>
    /// Has what counts now go on counting for VMs that are started one after another, however long that takes: until it is let go.
    /// </summary>
    public void Hold(IReadOnlyCollection<Ref<VmRecord>> vms)
    {
        lock (_changing)
        {
            _statements = Valid();
            _held = _held.Union(vms);
        }
    }

    /// <summary>Forgets what was stated for the start of these VMs, which is over.</summary>
    public void LetGo(IReadOnlyCollection<Ref<VmRecord>> vms)
    {
        lock (_changing)
        {
            _held = _held.Except(vms);
            _statements = Valid().RemoveAll(s => vms.Contains(s.Vm));
        }
    }

    private ImmutableList<SiteStatement> Valid() => _statements.RemoveAll(s => !_held.Contains(s.Vm) && time.GetUtcNow() - s.At > Lifetime);
}
