namespace Redoubt.Recovery;

/// <summary>What happened to a part of a plan.</summary>
public enum ChangeKind
{
    /// <summary>The later plan has it, the earlier not.</summary>
    Added,

    /// <summary>The earlier plan has it, the later not.</summary>
    Removed,

    /// <summary>Both have it, and it differs.</summary>
    Changed,
}
