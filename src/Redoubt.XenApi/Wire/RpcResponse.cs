namespace Redoubt.XenApi;

/// <summary>An answer as it came over the wire: a value, or a failure.</summary>
/// <param name="Value">The value; null if the call failed.</param>
/// <param name="Failure">The failure; null if the call succeeded.</param>
public sealed record RpcResponse(WireValue? Value, XenApiException? Failure)
{
    /// <summary>The value.</summary>
    /// <exception cref="XenApiException">The call failed.</exception>
    public WireValue Unwrap() => Value ?? throw Failure!;

    /// <summary>The failure of a code that is followed by its parameters.</summary>
    /// <exception cref="WireFormatException">There is no code.</exception>
    internal static RpcResponse Failed(IReadOnlyList<WireValue> codeAndParameters)
    {
        if (codeAndParameters.Count == 0)
        {
            throw new WireFormatException("a failure without a code");
        }

        var words = codeAndParameters.Select(Text).ToList();
        return new(null, new XenApiException(words[0], words[1..]));
    }

    // Parameters are strings by rule, but a failure must not get lost because a server put a number among them.
    internal static string Text(WireValue value) => value switch
    {
        WireString text => text.Value,
        WireInt number => XenTypes.Int.Encode(number.Value),
        WireFloat number => XenTypes.Float.Encode(number.Value),
        WireBool truth => XenTypes.Bool.Encode(truth.Value),
        _ => value.Describe(),
    };
}
