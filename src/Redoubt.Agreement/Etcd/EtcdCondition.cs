namespace Redoubt.Agreement;

/// <summary>What must hold for a transaction to be done. A revision of 0 means that there is no such key.</summary>
public abstract record EtcdCondition
{
    private EtcdCondition(string key) => Key = key;

    /// <summary>The key that it is about.</summary>
    public string Key { get; }

    /// <summary>The key came to be at this revision, and has been there since.</summary>
    public sealed record CreatedAt(string Of, long Revision) : EtcdCondition(Of);

    /// <summary>The key was changed last at this revision.</summary>
    public sealed record ModifiedAt(string Of, long Revision) : EtcdCondition(Of);
}
