namespace Redoubt.Cli.Demo;

/// <summary>What a guest has said on its console since its last boot.</summary>
/// <param name="Name">What it calls itself; null before it has booted.</param>
/// <param name="ResumedFrom">The count it found on its disk.</param>
/// <param name="FirstCount">The first count of this boot.</param>
/// <param name="LastCount">The newest count: everything up to it is on the disk.</param>
internal sealed record ConsoleReport(string? Name, long ResumedFrom, long? FirstCount, long? LastCount);
