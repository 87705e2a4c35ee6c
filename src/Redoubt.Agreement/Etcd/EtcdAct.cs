namespace Redoubt.Agreement;

/// <summary>One thing that a transaction does.</summary>
public abstract record EtcdAct
{
    private EtcdAct()
    {
    }

    /// <summary>Sets a key; with a lease, until that ends.</summary>
    public sealed record Put(string Key, byte[] Bytes, long Lease = 0) : EtcdAct;

    /// <summary>Removes all keys from the first (included) to the other (not included).</summary>
    public sealed record Delete(string From, string To) : EtcdAct;

    /// <summary>Reads all keys from the first (included) to the other (not included), in their order, at most so many; 0 for all.</summary>
    public sealed record Read(string From, string To, long Limit = 0) : EtcdAct;
}
