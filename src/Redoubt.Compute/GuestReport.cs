namespace Redoubt.Compute;

/// <summary>
/// What a guest says of itself through its agent. It is the guest's word and nothing more: whoever is root in there can say anything, so
/// all of it is bounded, and nothing but what people are shown goes by it.
/// </summary>
public sealed record GuestReport
{
    /// <summary>The agent's version; empty if it names none.</summary>
    public string AgentVersion { get; init; } = "";

    /// <summary>The system in words: <c>Debian GNU/Linux 12 (bookworm)</c>.</summary>
    public string SystemName { get; init; } = "";

    /// <summary>The system in one word: <c>debian</c>, <c>mswindows</c>.</summary>
    public string SystemId { get; init; } = "";

    /// <summary>The system's version: <c>12</c>.</summary>
    public string SystemVersion { get; init; } = "";

    /// <summary>The version of its kernel.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Its network interfaces, as many as are looked at.</summary>
    public IReadOnlyList<GuestNic> Nics { get; init; } = [];
}
