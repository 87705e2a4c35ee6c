namespace Redoubt.Console.Inspect;

/// <summary>A line of the tree that shows what is in a database.</summary>
/// <param name="Key">Tells it from the others; UUIDs don't, in what strangers wrote.</param>
/// <param name="Level">How deep it lies; 0 for a branch at the root.</param>
/// <param name="Icon">Its picture.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Detail">What more there is to say.</param>
/// <param name="IsOpen">Whether what is below it is shown; null if nothing is below it.</param>
public sealed record ContentRow(string Key, int Level, string Icon, string Name, string Detail, bool? IsOpen = null);
