using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>What a transaction did to one object.</summary>
/// <param name="Class">The object's class.</param>
/// <param name="Ref">The object's reference.</param>
/// <param name="Before">The row before the transaction; null if it created the object.</param>
/// <param name="After">The row after it; null if it deleted the object.</param>
public sealed record Change(ClassModel Class, string Ref, Row? Before, Row? After)
{
    /// <summary>The fields that differ, when there are both rows to compare.</summary>
    internal IReadOnlyList<FieldModel> Differing { get; init; } = [];
}
