namespace Redoubt.XenApi;

/// <summary>A map, whatever is in it.</summary>
public interface IMapType
{
    /// <summary>The type of the keys.</summary>
    XenType Key { get; }

    /// <summary>The type of the values.</summary>
    XenType Value { get; }

    /// <summary>Whether the key is in the map.</summary>
    bool Contains(object map, object key);

    /// <summary>A map like this one, with the key at this value.</summary>
    object Set(object map, object key, object value);

    /// <summary>A map like this one, without the key.</summary>
    object Remove(object map, object key);
}
