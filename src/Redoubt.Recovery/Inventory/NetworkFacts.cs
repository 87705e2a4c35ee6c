namespace Redoubt.Recovery;

/// <summary>A network.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Bridge">The bridge it is on; may be empty.</param>
public sealed record NetworkFacts(string Uuid, string Name, string Bridge)
{
    /// <summary>Why interfaces on it stay unplugged, in a clause; empty if they don't, or nobody tells.</summary>
    public string Trouble { get; init; } = "";
}
