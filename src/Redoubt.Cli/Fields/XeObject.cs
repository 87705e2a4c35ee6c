using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>
/// An object as the server gave it. Commands read records in the wire's form, not the typed one, so that a newer server's unknown enum
/// values are shown and not refused.
/// </summary>
internal sealed record XeObject(string Ref, WireStruct Record)
{
    public string Uuid => (Record["uuid"] as WireString)?.Value ?? "";

    public string Name => (Record["name_label"] as WireString)?.Value is { Length: > 0 } name ? name : Uuid;
}
