namespace Redoubt.XenApi;

/// <summary>Writes values to the wire, in order; JSON-RPC and XML-RPC are its two forms.</summary>
public interface IWireWriter
{
    /// <summary>Writes text.</summary>
    void String(string value);

    /// <summary>Writes text that is JSON: as text, unless this is for somebody who takes it as what it is.</summary>
    void Json(string value) => String(value);

    /// <summary>Writes a whole number.</summary>
    void Int(long value);

    /// <summary>Writes a whole number of at most 32 bits where xapi gives it a type of its own, as it does for counts of objects.</summary>
    void Int32(int value);

    /// <summary>Writes a number.</summary>
    void Float(double value);

    /// <summary>Writes a truth value.</summary>
    void Bool(bool value);

    /// <summary>Writes a moment.</summary>
    void DateTime(DateTimeOffset value);

    /// <summary>Writes that there is no value.</summary>
    void Null();

    /// <summary>Begins an array; its elements follow.</summary>
    void BeginArray();

    /// <summary>Ends the array begun last.</summary>
    void EndArray();

    /// <summary>Begins a struct; keys and values follow in turn.</summary>
    void BeginStruct();

    /// <summary>Writes a struct member's name.</summary>
    void Key(string name);

    /// <summary>Ends the struct begun last.</summary>
    void EndStruct();
}
