namespace Redoubt.XenApi;

/// <summary>Where a computed set of references comes from: all rows of a class whose field refers to this object.</summary>
/// <param name="Class">The class whose rows refer here.</param>
/// <param name="Field">The field of that class that holds the reference.</param>
public sealed record Relation(string Class, string Field);
