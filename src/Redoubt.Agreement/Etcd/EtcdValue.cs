namespace Redoubt.Agreement;

/// <summary>What etcd holds under a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Bytes">The value.</param>
/// <param name="Created">The revision at which the key came to be.</param>
/// <param name="Modified">The revision of its last change.</param>
public sealed record EtcdValue(string Key, byte[] Bytes, long Created, long Modified);
