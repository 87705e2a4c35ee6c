using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Redoubt.XenApi;

/// <summary>
/// A secret as it stands outside the daemon's memory, a text like any other value: <c>redoubt:sealed:1:KEYID:BASE64</c>. See
/// <c>docs/formats/sealed-secrets.md</c>.
/// </summary>
/// <param name="KeyId">The key that opens it: 16 hexadecimal digits.</param>
/// <param name="Content">Nonce, tag and cipher text.</param>
public sealed record SealedText(string KeyId, ReadOnlyMemory<byte> Content)
{
    /// <summary>How every sealed text begins.</summary>
    public const string Prefix = "redoubt:sealed:1:";

    /// <summary>Bytes of what stands before the cipher text: the nonce and the tag.</summary>
    public const int HeadBytes = 28;

    /// <summary>Digits of a key's id.</summary>
    public const int KeyIdDigits = 16;

    private static readonly SearchValues<char> IdDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Whether a value is a sealed secret. Says nothing of whether it can be opened.</summary>
    public static bool Is(string value) => value.StartsWith(Prefix, StringComparison.Ordinal) && TryParse(value, out _);

    /// <summary>Takes a value apart.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out SealedText? text)
    {
        text = null;
        if (!value.StartsWith(Prefix, StringComparison.Ordinal) || value.Length <= Prefix.Length + KeyIdDigits
            || value[Prefix.Length + KeyIdDigits] != ':')
        {
            return false;
        }

        var id = value.Substring(Prefix.Length, KeyIdDigits);
        var content = value.AsSpan(Prefix.Length + KeyIdDigits + 1);
        if (id.AsSpan().ContainsAnyExcept(IdDigits) || !Base64.IsValid(content, out var length) || length < HeadBytes)
        {
            return false;
        }

        var bytes = new byte[length];
        if (!Convert.TryFromBase64Chars(content, bytes, out _))
        {
            return false;
        }

        text = new(id, bytes);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix}{KeyId}:{Convert.ToBase64String(Content.Span)}";
}
