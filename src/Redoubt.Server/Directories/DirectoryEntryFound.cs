using System.Collections.Immutable;

namespace Redoubt.Server.Directories;

/// <summary>Somebody whom a directory knows.</summary>
/// <param name="Dn">The name of their entry.</param>
/// <param name="Name">What they log in with.</param>
/// <param name="Identifier">What a subject is known by: the security identifier in Active Directory, the entry's name elsewhere.</param>
/// <param name="Groups">The identifiers of the groups they are in.</param>
internal sealed record DirectoryEntryFound(string Dn, string Name, string Identifier, ImmutableList<string> Groups);
