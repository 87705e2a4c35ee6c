namespace Redoubt.XenApi;

/// <summary>A call as it came over the wire, before anything is known of the message it names.</summary>
/// <param name="Method">The message's full name, for example <c>VM.start</c> or <c>Async.VM.start</c>.</param>
/// <param name="Parameters">All parameters, the session included.</param>
/// <param name="Id">What the caller wants to see again in the answer; XML-RPC has none.</param>
/// <param name="Form">How it was written.</param>
public sealed record RpcRequest(string Method, IReadOnlyList<WireValue> Parameters, WireValue Id, RpcForm Form)
{
    /// <summary>
    /// How many values a call may have, names of members among them: many times as many as the largest that clients send.
    /// </summary>
    public const int MaxValues = 250_000;
}
