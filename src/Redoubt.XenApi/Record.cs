using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>
/// One object's fields, as a value. Records never change; a new state is a new record made with <c>with</c>.
/// </summary>
public abstract record Record
{
    /// <summary>The declaration this record follows.</summary>
    public abstract ClassModel DeclaredClass { get; }

    /// <summary>
    /// What a database held in this row that the typed fields can't give back letter for letter: columns this data model does not know,
    /// and values in another spelling than ours. Keyed by column. Null when there is none.
    /// </summary>
    /// <remarks>A spelling is used again only while its field still has the value that it spelled.</remarks>
    public ImmutableDictionary<string, string>? Raw { get; init; }
}
