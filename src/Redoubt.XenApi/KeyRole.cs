namespace Redoubt.XenApi;

/// <summary>Who may add and remove a key of a map, in place of who may write the map.</summary>
/// <param name="Key">The key; a star at the end stands for every key that begins so.</param>
/// <param name="Roles">Who may.</param>
public sealed record KeyRole(string Key, AllowedRoles Roles)
{
    /// <summary>Whether this is about the key.</summary>
    public bool Matches(string key) => Key.EndsWith('*') ? key.StartsWith(Key[..^1], StringComparison.Ordinal) : key == Key;
}
