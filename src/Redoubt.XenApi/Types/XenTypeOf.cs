namespace Redoubt.XenApi;

/// <summary>A type whose .NET type is known.</summary>
public abstract class XenType<T> : XenType
{
    /// <inheritdoc/>
    public sealed override Type ClrType => typeof(T);

    /// <summary>The value of a field without a default, before anything is written to it.</summary>
    public abstract T Initial { get; }

    /// <summary>Writes a value to the wire.</summary>
    public abstract void Write(IWireWriter writer, T value);

    /// <summary>Reads a value from the wire.</summary>
    /// <exception cref="WireFormatException">It is of another type.</exception>
    public abstract T Read(WireValue value);

    /// <summary>
    /// Reads a value that a server answered. Names that this data model lacks are no failure, or one field of one object would keep a
    /// client of a newer server from everything; who needs them as they came asks <see cref="SpellAnswer"/>.
    /// </summary>
    /// <exception cref="WireFormatException">It is of another type.</exception>
    public virtual T ReadAnswer(WireValue value) => Read(value);

    /// <summary>A value in the database's spelling.</summary>
    public abstract string Encode(T value);

    /// <summary>
    /// The value of a database's spelling. Never fails: a spelling that means nothing gives <see cref="Initial"/>, and who reads
    /// a database keeps the spelling beside it (<see cref="Record.Raw"/>).
    /// </summary>
    public abstract T Decode(string text);

    /// <summary>Whether two values are the same.</summary>
    public virtual bool AreEqual(T a, T b) => EqualityComparer<T>.Default.Equals(a, b);

    /// <summary>Whether all of the value has a name in this data model; a newer peer's enums may have more.</summary>
    internal virtual bool IsRecognized(T value) => true;

    /// <summary>A set or map without the elements that have no name in this data model; any other value as it is.</summary>
    internal virtual T Recognized(T value) => value;

    /// <summary>What an answer says in the database's spelling, names that this data model lacks included.</summary>
    internal virtual string SpellAnswer(WireValue value) => Encode(ReadAnswer(value));

    /// <summary>Writes to the wire what a database's spelling says, names that this data model lacks included.</summary>
    internal virtual void WriteSpelling(IWireWriter writer, string text) => Write(writer, Decode(text));

    /// <inheritdoc/>
    public sealed override void WriteObject(IWireWriter writer, object? value) => Write(writer, (T)value!);

    /// <inheritdoc/>
    public sealed override object? ReadObject(WireValue value) => Read(value);

    /// <inheritdoc/>
    public sealed override object? ReadAnswerObject(WireValue value) => ReadAnswer(value);

    /// <inheritdoc/>
    public sealed override string EncodeObject(object? value) => Encode((T)value!);
}
