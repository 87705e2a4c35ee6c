using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>
/// What keeps a pool from starting its own copy of a VM that it has handed over: the operations that start it are blocked, with a reason
/// that says where the VM is now. It is plain XenAPI, so any pool can be told. Pure.
/// </summary>
public static class HandOverMark
{
    private const string Prefix = "redoubt:handed-over";

    /// <summary>What is blocked.</summary>
    public static ImmutableArray<VmOperations> Operations { get; } = [VmOperations.Start, VmOperations.StartOn, VmOperations.Resume];

    /// <summary>The reason for the block.</summary>
    /// <param name="pool">The pool that took the VM over, in words.</param>
    /// <param name="run">The run that brought it there.</param>
    public static string Reason(string pool, string run) =>
        $"{Prefix} to {pool} by run {run}. The VM is there now: start it there, or fail back. If that copy is given up and switched off "
            + "for good, say so with vm-take-back";

    /// <summary>The same where no run is known that brought it there.</summary>
    public static string Reason(string pool) =>
        $"{Prefix} to {pool}, which has recovered it. The VM is there now: start it there, or fail back. If that copy is given up and "
            + "switched off for good, say so with vm-take-back";

    /// <summary>Whether a block is such a mark, of whichever run.</summary>
    public static bool Is(string reason) => reason.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Why a VM that was handed over may not be started in any way; null if it was not handed over.</summary>
    public static string? On(ImmutableSortedDictionary<VmOperations, string> blocked) => blocked.Values.FirstOrDefault(Is);

    /// <summary>The blocks that are none.</summary>
    public static ImmutableSortedDictionary<VmOperations, string> Without(ImmutableSortedDictionary<VmOperations, string> blocked) =>
        blocked.RemoveRange(blocked.Where(b => Is(b.Value)).Select(b => b.Key));
}
