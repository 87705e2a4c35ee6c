using System.Text.RegularExpressions;

namespace Redoubt.Storage;

/// <summary>
/// What may be the name or address of a server: nothing that a program could take for an option, a path or a second word.
/// </summary>
internal static partial class ServerName
{
    /// <summary>Whether this may be one.</summary>
    public static bool IsOne(string text) => Form().IsMatch(text);

    [GeneratedRegex(
        @"^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,15})?\]?)\z", RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
