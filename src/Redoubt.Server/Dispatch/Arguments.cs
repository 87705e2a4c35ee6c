using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>Turns what came over the wire into the values that a message takes.</summary>
internal static class Arguments
{
    /// <summary>The session and the parameters of a call.</summary>
    /// <exception cref="XenApiException"><c>MESSAGE_PARAMETER_COUNT_MISMATCH</c>, <c>FIELD_TYPE_ERROR</c>.</exception>
    public static (string Session, IReadOnlyList<WireValue> Given) Split(string fullName, MessageModel message, RpcRequest request)
    {
        var given = OptionalParameters.Complete(
            fullName, message, message.NeedsSession ? [.. request.Parameters.Skip(1)] : request.Parameters);

        // Neither number counts the session, as in xapi: a call without even that one has -1.
        var count = message.NeedsSession && request.Parameters.Count == 0 ? -1 : given.Count;
        if (count != message.Parameters.Count)
        {
            throw new XenApiException(
                "MESSAGE_PARAMETER_COUNT_MISMATCH",
                request.Method,
                message.Parameters.Count.ToString(CultureInfo.InvariantCulture),
                count.ToString(CultureInfo.InvariantCulture));
        }

        return message.NeedsSession
            ? (request.Parameters[0] is WireString session ? session.Value : throw new XenApiException("FIELD_TYPE_ERROR", "session_id"), given)
            : ("", given);
    }

    /// <summary>The values of the parameters.</summary>
    /// <exception cref="XenApiException"><c>FIELD_TYPE_ERROR</c>: a parameter is of another type.</exception>
    public static object?[] Decode(ClassModel model, MessageModel message, IReadOnlyList<WireValue> given) =>
        [.. message.Parameters.Zip(given, (parameter, value) => Decode(parameter, message.Implicit == ImplicitKind.Create ? Creatable(model, value) : value))];

    // As xapi takes a record to create from: what the client does not decide is passed over, whatever it is, so that a record that was
    // read can be
    // sent again; and what has no value counts as left out.
    private static WireValue Creatable(ClassModel model, WireValue value) => value is WireStruct record
        ? new WireStruct([.. record.Members.Where(m => m.Value is not WireNull && model.FindField(m.Key) is { Access: FieldAccess.Constructor or FieldAccess.ReadWrite })])
        : value;

    private static object? Decode(ParameterModel parameter, WireValue value)
    {
        try
        {
            return parameter.Type.ReadObject(value);
        }
        catch (WireFormatException wrong)
        {
            throw new XenApiException(wrong, "FIELD_TYPE_ERROR", parameter.Name);
        }
    }
}
