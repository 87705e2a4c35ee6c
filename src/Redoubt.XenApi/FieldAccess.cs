namespace Redoubt.XenApi;

/// <summary>Who decides a field's value.</summary>
public enum FieldAccess
{
    /// <summary>The server.</summary>
    ReadOnly,

    /// <summary>The client when it creates the object; the server afterwards.</summary>
    Constructor,

    /// <summary>The client, at any time.</summary>
    ReadWrite,

    /// <summary>The server, for itself: in the database, not on the wire.</summary>
    Hidden,
}
