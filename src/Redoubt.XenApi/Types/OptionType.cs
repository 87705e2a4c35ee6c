namespace Redoubt.XenApi;

/// <summary>A value that may be absent, which the wire spells as an array of none or one (XML-RPC) or null.</summary>
public sealed class OptionType<T> : XenType<T?>
    where T : class
{
    private readonly XenType<T> some;

    private OptionType(XenType<T> some) => this.some = some;

    /// <inheritdoc/>
    public override string Name => $"option({some.Name})";

    /// <inheritdoc/>
    public override T? Initial => null;

    /// <summary>The optional form of this type.</summary>
    public static OptionType<T> Of(XenType<T> some) => new(some);

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, T? value)
    {
        if (value is null)
        {
            writer.Null();
        }
        else
        {
            some.Write(writer, value);
        }
    }

    /// <inheritdoc/>
    public override T? Read(WireValue value) => value is WireNull ? null : some.Read(value);

    /// <inheritdoc/>
    public override T? ReadAnswer(WireValue value) => value is WireNull ? null : some.ReadAnswer(value);

    /// <inheritdoc/>
    public override string Encode(T? value) => value is null ? "" : some.Encode(value);

    /// <inheritdoc/>
    public override T? Decode(string text) => text.Length == 0 ? null : some.Decode(text);
}
