namespace Redoubt.XenApi;

/// <summary>
/// A type of the data model: how its values are written to and read from the wire, and how a database spells them.
/// </summary>
public abstract class XenType
{
    /// <summary>The type as the data model spells it, for example <c>set(ref VM)</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The .NET type of the values.</summary>
    public abstract Type ClrType { get; }

    /// <summary>Writes a value to the wire.</summary>
    /// <exception cref="InvalidCastException">The value is of another .NET type.</exception>
    public abstract void WriteObject(IWireWriter writer, object? value);

    /// <summary>Reads a value from the wire.</summary>
    /// <exception cref="WireFormatException">It is of another type.</exception>
    public abstract object? ReadObject(WireValue value);

    /// <summary>Reads a value that a server answered: a newer one may use names that this data model lacks.</summary>
    /// <exception cref="WireFormatException">It is of another type.</exception>
    public abstract object? ReadAnswerObject(WireValue value);

    /// <summary>A value in the database's spelling.</summary>
    /// <exception cref="InvalidCastException">The value is of another .NET type.</exception>
    public abstract string EncodeObject(object? value);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
