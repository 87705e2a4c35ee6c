using System.Diagnostics.CodeAnalysis;
using Redoubt.XenApi;

namespace Redoubt.Storage;

/// <summary>The UUID of a virtual disk image. Its text is always canonical and lower case, so it is safe as a file name.</summary>
/// <param name="Value">The value; <c>default</c> is the all-zero UUID, which names nothing.</param>
public readonly record struct VdiUuid(Guid Value)
{
    /// <summary>Reads the canonical lower-case text; any other spelling is not a UUID here, for it would name another file.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out VdiUuid uuid)
    {
        var valid = CanonicalUuid.TryParse(text, out var value);
        uuid = new VdiUuid(value);
        return valid;
    }

    /// <summary>Reads the canonical lower-case text.</summary>
    /// <exception cref="XenApiException"><c>UUID_INVALID</c>.</exception>
    public static VdiUuid Parse(string? text)
        => TryParse(text, out var uuid) ? uuid : throw new XenApiException("UUID_INVALID", "VDI", text ?? "");

    /// <summary>The canonical lower-case text.</summary>
    public override string ToString() => Value.ToString("D");
}
