using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>What a pool leaves in clear of its secrets, as its <c>other_config</c> says.</summary>
/// <param name="IsClearForXapi">Whether what a genuine xapi needs stays in clear.</param>
/// <param name="SealsTpms">
/// Whether what TPMs keep is sealed too. Not by default: it is the one secret that a VM can't be recovered without, and a site that lacks
/// the key must not find that out on the day of the disaster.
/// </param>
public readonly record struct SealingPolicy(bool IsClearForXapi, bool SealsTpms)
{
    /// <summary>The key of <c>pool.other_config</c> by which a pool leaves in clear what a genuine xapi needs.</summary>
    public const string ClearForXapi = Marks.ClearForXapi;

    /// <summary>The key of <c>pool.other_config</c> by which a pool seals what TPMs keep.</summary>
    public const string SealTpms = Marks.SealTpms;

    /// <summary>What a database says.</summary>
    public static SealingPolicy Of(DatabaseState state) => state.All<PoolRecord>().FirstOrDefault().Record is { } pool ? Of(pool) : default;

    /// <summary>What a pool says.</summary>
    public static SealingPolicy Of(PoolRecord pool) =>
        new(pool.OtherConfig.GetValueOrDefault(ClearForXapi) == "true", pool.OtherConfig.GetValueOrDefault(SealTpms) == "true");

    /// <summary>Whether a database has a secret in clear, as in memory or from an older version, that is written sealed.</summary>
    public static bool HasUnsealed(DatabaseState state)
    {
        var policy = Of(state);
        return StoredValue.Of(state).Any(v => v.IsClear && !policy.LeavesClear(v.Field, v.Value));
    }

    /// <summary>Whether a secret is written as it is.</summary>
    public bool LeavesClear(SecretField field, string value) =>
        (IsClearForXapi && field.IsNeededByXapi)
            || (!SealsTpms && field.Kind == SecretKind.Whole && TpmContents.StateOf(value) == TpmContentsState.Kept);
}
