namespace Redoubt.Pool;

/// <summary>A field that nothing goes by.</summary>
/// <param name="Field">Its class and name.</param>
/// <param name="AsksNothing">The values that ask for nothing, as the database spells them.</param>
/// <param name="Why">Why nothing goes by it, as a sentence without its end.</param>
public sealed record FieldEffect(string Field, IReadOnlyList<string> AsksNothing, string Why);
