namespace Redoubt.XenApi;

/// <summary>A value as it came over the wire, before the data model says what it is. The set of its forms is closed.</summary>
public abstract record WireValue
{
    private protected WireValue()
    {
    }

    /// <summary>The value's text.</summary>
    /// <exception cref="WireFormatException">It is something else; <paramref name="expected"/> says what it should have been.</exception>
    public string AsString(string expected) => this is WireString text ? text.Value : throw new WireFormatException(expected, this);

    /// <summary>The value's elements.</summary>
    /// <exception cref="WireFormatException">It is something else.</exception>
    public IReadOnlyList<WireValue> AsArray(string expected) =>
        this is WireArray array ? array.Items : throw new WireFormatException(expected, this);

    /// <summary>The value's members.</summary>
    /// <exception cref="WireFormatException">It is something else.</exception>
    public IReadOnlyList<KeyValuePair<string, WireValue>> AsStruct(string expected) =>
        this is WireStruct members ? members.Members : throw new WireFormatException(expected, this);

    /// <summary>Writes the value as it came.</summary>
    public void WriteTo(IWireWriter writer)
    {
        switch (this)
        {
            case WireString text: writer.String(text.Value); break;
            case WireInt number: writer.Int(number.Value); break;
            case WireFloat number: writer.Float(number.Value); break;
            case WireBool truth: writer.Bool(truth.Value); break;
            case WireArray array:
                writer.BeginArray();
                foreach (var item in array.Items)
                {
                    item.WriteTo(writer);
                }

                writer.EndArray();
                break;
            case WireStruct members:
                writer.BeginStruct();
                foreach (var (name, member) in members.Members)
                {
                    writer.Key(name);
                    member.WriteTo(writer);
                }

                writer.EndStruct();
                break;
            default: writer.Null(); break;
        }
    }

    /// <summary>What kind of value this is, in a word.</summary>
    public string Describe() => this switch
    {
        WireString => "string",
        WireInt => "int",
        WireFloat => "float",
        WireBool => "bool",
        WireArray => "array",
        WireStruct => "struct",
        _ => "nothing",
    };
}

/// <summary>Text; also moments, references and, in XML-RPC, whole numbers.</summary>
/// <param name="Value">The text.</param>
public sealed record WireString(string Value) : WireValue;

/// <summary>A whole number.</summary>
/// <param name="Value">The number.</param>
public sealed record WireInt(long Value) : WireValue;

/// <summary>A number.</summary>
/// <param name="Value">The number.</param>
public sealed record WireFloat(double Value) : WireValue;

/// <summary>A truth value.</summary>
/// <param name="Value">The truth.</param>
public sealed record WireBool(bool Value) : WireValue;

/// <summary>An array.</summary>
/// <param name="Items">Its elements.</param>
public sealed record WireArray(IReadOnlyList<WireValue> Items) : WireValue;

/// <summary>A struct.</summary>
/// <param name="Members">Its members, in their order.</param>
public sealed record WireStruct(IReadOnlyList<KeyValuePair<string, WireValue>> Members) : WireValue
{
    /// <summary>The member of this name, or null.</summary>
    public WireValue? this[string name] => Members.FirstOrDefault(m => m.Key == name).Value;
}

/// <summary>No value.</summary>
public sealed record WireNull : WireValue
{
    private WireNull()
    {
    }

    /// <summary>The one instance.</summary>
    public static WireNull Instance { get; } = new();
}
