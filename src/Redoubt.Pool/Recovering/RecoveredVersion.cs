namespace Redoubt.Pool;

/// <summary>How often a VM has been recovered, which says whose copy is the newer one.</summary>
internal static class RecoveredVersion
{
    /// <summary>
    /// The version of a copy that is newer than one of this version. The highest there is stays what it is, since it comes from a damaged
    /// or forged record only: were it to wrap, the newest copy would count as the oldest.
    /// </summary>
    public static long After(long version) => version == long.MaxValue ? version : version + 1;
}
