using System.Diagnostics.CodeAnalysis;

namespace Redoubt.Storage;

/// <summary>The one spelling of a UUID that may become part of a path: 8-4-4-4-12 lower-case hexadecimal digits.</summary>
internal static class CanonicalUuid
{
    /// <summary>Reads the text if formatting the value gives back the very same text.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Guid value)
    {
        if (Guid.TryParseExact(text, "D", out value) && value.ToString("D") == text)
            return true;
        value = default;
        return false;
    }
}
