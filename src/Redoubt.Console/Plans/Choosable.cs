using System.Collections.Immutable;

namespace Redoubt.Console.Plans;

/// <summary>What a plan can choose: a vApp, or a VM.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="PoolName">The pool that has it.</param>
/// <param name="IsApp">Whether it is a vApp.</param>
/// <param name="IsOwn">Whether it is this pool's, which another pool would recover.</param>
public sealed record Choosable(string Uuid, string Name, string PoolName, bool IsApp, bool IsOwn)
{
    /// <summary>The vApp that a VM is in; empty for none.</summary>
    public string AppName { get; init; } = "";

    /// <summary>How many VMs a vApp has.</summary>
    public int Vms { get; init; }

    /// <summary>A VM's tags.</summary>
    public ImmutableSortedSet<string> Tags { get; init; } = [];

    /// <summary>Whether a word of a search is in what is shown of it.</summary>
    public bool Matches(string word) =>
        Name.Contains(word, StringComparison.OrdinalIgnoreCase) || AppName.Contains(word, StringComparison.OrdinalIgnoreCase)
        || Uuid.StartsWith(word, StringComparison.OrdinalIgnoreCase) || Tags.Any(t => t.Contains(word, StringComparison.OrdinalIgnoreCase));
}
