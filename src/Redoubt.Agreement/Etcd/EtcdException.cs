namespace Redoubt.Agreement;

/// <summary>etcd refused, or did not answer.</summary>
/// <param name="message">What it said, or that it said nothing.</param>
/// <param name="isRefusal">
/// Whether it answered, so that what was asked is known not to have been done. Otherwise it may have been done, or may be yet.
/// </param>
/// <param name="inner">What went wrong below.</param>
public sealed class EtcdException(string message, bool isRefusal, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether it answered, so that what was asked is known not to have been done.</summary>
    public bool IsRefusal { get; } = isRefusal;
}
