namespace Redoubt.Recovery;

/// <summary>Something that people were told of.</summary>
/// <param name="At">When.</param>
/// <param name="What">What, in sentences.</param>
/// <param name="IsBad">Whether it was the beginning of something bad, and not its end.</param>
public sealed record MonthEvent(DateTimeOffset At, string What, bool IsBad);
