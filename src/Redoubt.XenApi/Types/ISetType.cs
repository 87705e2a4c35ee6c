namespace Redoubt.XenApi;

/// <summary>A set, whatever is in it.</summary>
public interface ISetType
{
    /// <summary>The type of what is in it.</summary>
    XenType Element { get; }

    /// <summary>A set like this one, with the element in it once.</summary>
    object Add(object set, object element);

    /// <summary>A set like this one, with each of the elements in it once.</summary>
    object AddAll(object set, IEnumerable<object> elements);

    /// <summary>A set like this one, without the element.</summary>
    object Remove(object set, object element);
}
