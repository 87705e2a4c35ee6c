using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>One object as the database holds it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its fields.</param>
/// <param name="Created">The generation in which it was created.</param>
/// <param name="Modified">The generation of its last change, changes that are not persistent included.</param>
public sealed record Row(string Ref, Record Record, long Created, long Modified);
