namespace Redoubt.Storage.FileDriver;

/// <summary>What a disk's file was when it was read, and by which marks it can be told that its first bytes are the same still.</summary>
/// <remarks>
/// A file system may give two changes in quick succession one and the same time. So a file counts as known only when it has been read twice
/// between which nothing of it had changed.
/// </remarks>
/// <param name="State">What it was.</param>
/// <param name="Status">Its status before it was read.</param>
/// <param name="IsKnown">Whether it was the same twice.</param>
internal sealed record SeenVdi(VdiState State, FileStatus Status, bool IsKnown)
{
    /// <summary>What has just been read.</summary>
    /// <param name="state">What it is.</param>
    /// <param name="status">Its status before it was read.</param>
    /// <param name="before">What it was when it was read before, or null.</param>
    public static SeenVdi Of(VdiState state, FileStatus status, SeenVdi? before) =>
        new(state, status, before is not null && IsSame(before.Status, status)
            && before.State == state with { PhysicalUtilisationBytes = before.State.PhysicalUtilisationBytes });

    /// <summary>What it is by its status alone; null if it must be read. How much is taken of it may change without a time that
    /// does.</summary>
    public SeenVdi? Now(FileStatus status) => IsKnown && State.Unreadable is null && IsSame(Status, status)
        ? this with { State = State with { PhysicalUtilisationBytes = status.AllocatedBytes }, Status = status }
        : null;

    private static bool IsSame(FileStatus one, FileStatus other) => one with { AllocatedBytes = 0 } == other with { AllocatedBytes = 0 };
}
