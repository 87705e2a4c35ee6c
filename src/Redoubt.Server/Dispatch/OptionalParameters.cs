using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>
/// The parameters at the end of a message that older clients leave out, and what stands for them. xapi added them over the years with
/// these defaults.
/// </summary>
internal static class OptionalParameters
{
    private static readonly WireValue Text = new WireString("");
    private static readonly WireValue Map = new WireStruct([]);

    private static readonly Dictionary<string, WireValue[]> Defaults = new()
    {
        ["session.login_with_password"] = [new WireString("1.0"), Text],
        ["SR.create"] = [Map],
        ["SR.introduce"] = [Map],
        ["SR.make"] = [Map],
        ["SR.probe"] = [Map],
        ["VDI.clone"] = [Map],
        ["VDI.snapshot"] = [Map],
        ["VM.snapshot"] = [new WireArray([])],
    };

    /// <summary>The parameters with those that were left out.</summary>
    public static IReadOnlyList<WireValue> Complete(string fullName, MessageModel message, IReadOnlyList<WireValue> given)
    {
        var missing = message.Parameters.Count - given.Count;
        return missing > 0 && Defaults.TryGetValue(fullName, out var defaults) && missing <= defaults.Length
            ? [.. given, .. defaults[^missing..]]
            : given;
    }
}
