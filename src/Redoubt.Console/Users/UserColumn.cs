namespace Redoubt.Console.Users;

/// <summary>By which column users are sorted.</summary>
internal enum UserColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>Where they are known from.</summary>
    Kind,

    /// <summary>What they may do.</summary>
    Role,
}
