namespace Redoubt.XenApi;

/// <summary>What every record type gives: its class's declaration.</summary>
public interface IRecord<TSelf>
    where TSelf : Record, IRecord<TSelf>, new()
{
    /// <summary>The class's declaration.</summary>
    static abstract ClassModel<TSelf> Declaration { get; }
}
