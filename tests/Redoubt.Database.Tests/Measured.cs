namespace Redoubt.Database.Tests;

/// <summary>Tests that measure time or memory, which therefore run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Measured
{
    public const string Name = "measured";
}
