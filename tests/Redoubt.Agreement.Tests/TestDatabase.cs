using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Agreement.Tests;

/// <summary>A database that a test changes, as a pool's would.</summary>
internal sealed class TestDatabase
{
    public TestDatabase() => State = Changed(DatabaseState.Empty, tx => Vm = tx.Create(new VmRecord { NameLabel = "first" })).State;

    public DatabaseState State { get; private set; }

    public Ref<VmRecord> Vm { get; private set; }

    /// <summary>Changes the name, and answers what a journal gets of it.</summary>
    public ImmutableArray<JournalTransaction> Rename(string name)
    {
        var commit = Changed(State, tx => tx.Update(Vm, v => v with { NameLabel = name }));
        State = commit.State;
        return [commit.Transaction!];
    }

    private static Commit Changed(DatabaseState state, Action<Transaction> body)
    {
        var transaction = new Transaction(state, Guid.NewGuid);
        body(transaction);
        return Commit.Of(transaction, transaction.Changes(), state.Generation, null);
    }
}
