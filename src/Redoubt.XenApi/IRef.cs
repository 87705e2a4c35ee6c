namespace Redoubt.XenApi;

/// <summary>A reference whose class is known only when the program runs.</summary>
public interface IRef
{
    /// <summary>Whether this refers to nothing.</summary>
    bool IsNull { get; }

    /// <summary>The reference as the wire spells it.</summary>
    string Opaque { get; }
}
