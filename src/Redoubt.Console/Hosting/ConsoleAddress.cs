namespace Redoubt.Console;

/// <summary>Where the console is.</summary>
internal static class ConsoleAddress
{
    /// <summary>The path below which all of it lies.</summary>
    public const string Base = "/console/";
}
