using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Database.Journal;

namespace Redoubt.Desk;

/// <summary>
/// A text with a signature at its end, which whoever has the text and the fingerprint of the pool's key can check anywhere: the reports.
/// The signature is over what the seal says, the seal says the hash of each 1,024 bytes of the text, so that what was changed is found and
/// not only that something was.
/// <code>
///  text, without its last "}\n" if it is JSON
///  &lt;!-- redoubt-signed/1 SEAL --&gt;\n                                      HTML, Markdown
///  ,\n  "signature": "redoubt-signed/1 SEAL"\n}\n                            JSON
///  SEAL = pool-uuid SP public-key SP bytes SP hash,hash,… SP signature        base64url; a hash is the first 16 bytes of SHA-256
/// </code>
/// </summary>
public static class SignedText
{
    private const string Tag = "redoubt-signed/1 ";
    private const string JsonEnd = "}\n";
    private static readonly (string Before, string After)[] Forms = [("<!-- ", " -->\n"), (",\n  \"signature\": \"", "\"\n}\n")];
    private const int BlockBytes = 1024;
    private const int HashBytes = 16;

    /// <summary>Signs a text.</summary>
    /// <param name="text">HTML, Markdown, or a JSON object with a line break at its end.</param>
    /// <param name="isJson">Whether it is JSON.</param>
    /// <param name="poolUuid">The pool that signs.</param>
    /// <param name="key">Its key.</param>
    public static string Sign(string text, bool isJson, string poolUuid, VolumeKey key)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(key);
        var body = isJson ? text[..^JsonEnd.Length].TrimEnd('\n') : text;
        var seal = SealOf(Encoding.UTF8.GetBytes(body), poolUuid, key.PublicKey.Span);
        var signature = Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(Tag + seal)));
        return $"{body}{Forms[isJson ? 1 : 0].Before}{Tag}{seal} {signature}{Forms[isJson ? 1 : 0].After}";
    }

    /// <summary>Checks a text as it lies in a file.</summary>
    /// <param name="content">All of the file.</param>
    /// <param name="fingerprint">The fingerprint that the pool shows of its key; null to find out which one signed.</param>
    public static SignedTextCheck Check(ReadOnlySpan<byte> content, string? fingerprint)
    {
        // Bytes beyond ASCII pass through as they are: what counts of them is their hash.
        if (Find(Encoding.Latin1.GetString(content)) is not var (at, words))
        {
            return new SignedTextCheck.Refused("It has no signature at its end: none was ever there, or the end was cut off or changed.");
        }

        var line = LineOf(content, at);
        if (Decode(words[1]) is not { } key || Decode(words[4]) is not { } signature
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return new SignedTextCheck.Refused($"The signature itself (line {line}) was changed: it can't be read.");
        }

        var signer = VolumeKey.FingerprintOf(key);
        if (!VolumeKey.Verify(key, Encoding.ASCII.GetBytes(Tag + string.Join(' ', words[..4])), signature))
        {
            return new SignedTextCheck.Refused(
                $"The signature itself (line {line}) was changed: the key that it names, {signer}, has not signed it.");
        }

        if (fingerprint is not null && !string.Equals(fingerprint.Trim(), signer, StringComparison.OrdinalIgnoreCase))
        {
            return new SignedTextCheck.Refused($"It was signed with another key: {signer}, and not with {fingerprint.Trim()}.");
        }

        return Difference(content[..at], length, words[3].Split(',')) is { } where
            ? new SignedTextCheck.Refused(where)
            : new SignedTextCheck.Genuine(words[0], signer);
    }

    // The last character has bits that stand for nothing; nothing may be changed there either.
    private static byte[]? Decode(string word) =>
        Base64Url.IsValid(word) && Base64Url.DecodeFromChars(word) is var bytes && Base64Url.EncodeToString(bytes) == word ? bytes : null;

    // Where the seal begins with what is around it, and its words.
    private static (int At, string[] Words)? Find(string text)
    {
        var tag = text.LastIndexOf(Tag, StringComparison.Ordinal);
        foreach (var (before, after) in tag < 0 ? [] : Forms)
        {
            if (text[..tag].EndsWith(before, StringComparison.Ordinal) && text.EndsWith(after, StringComparison.Ordinal)
                && text.Length - after.Length > tag + Tag.Length
                && text[(tag + Tag.Length)..^after.Length].Split(' ') is { Length: 5 } words)
            {
                return (tag - before.Length, words);
            }
        }

        return null;
    }

    private static string? Difference(ReadOnlySpan<byte> body, int length, string[] hashes)
    {
        for (var (i, start) = (0, 0); start < Math.Max(body.Length, length); i++, start += BlockBytes)
        {
            var block = start < body.Length ? body[start..Math.Min(start + BlockBytes, body.Length)] : [];
            if (i >= hashes.Length || Hash(block) != hashes[i])
            {
                var end = Math.Min(start + BlockBytes, body.Length);
                var size = body.Length == length ? "" : $" The text has {body.Length} bytes, and had {length}.";
                return $"It is not what was signed: from byte {start} (line {LineOf(body, Math.Min(start, body.Length))}) to byte {end} "
                    + $"(line {LineOf(body, end)}) something was changed.{size}";
            }
        }

        return null;
    }

    private static string SealOf(ReadOnlySpan<byte> body, string poolUuid, ReadOnlySpan<byte> key)
    {
        var hashes = new List<string>();
        for (var start = 0; start < body.Length; start += BlockBytes)
        {
            hashes.Add(Hash(body[start..Math.Min(start + BlockBytes, body.Length)]));
        }

        return $"{poolUuid} {Base64Url.EncodeToString(key)} {body.Length} {string.Join(',', hashes)}";
    }

    private static string Hash(ReadOnlySpan<byte> block)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(block, hash);
        return Base64Url.EncodeToString(hash[..HashBytes]);
    }

    private static int LineOf(ReadOnlySpan<byte> content, int at) => content[..at].Count((byte)'\n') + 1;
}
