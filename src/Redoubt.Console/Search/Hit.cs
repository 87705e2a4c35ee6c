namespace Redoubt.Console.Search;

/// <summary>Something that was found.</summary>
/// <param name="Kind">What it is, in words.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Address">The page that shows it, below the console's base.</param>
/// <param name="Icon">Its picture.</param>
public sealed record Hit(string Kind, string Name, string Address, string Icon);
