using System.Globalization;

namespace Redoubt.Cli.CommandLine;

/// <summary>Sizes as xe takes them: a number, and perhaps B, KiB, MiB, GiB or TiB in any case (K, KB and so on mean the same).</summary>
internal static class ByteSize
{
    public static long Parse(string key, string text)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var number = digits < 0 ? text : text[..digits];
        var unit = digits < 0 ? "" : text[digits..].Trim().ToLowerInvariant();
        long? factor = unit switch
        {
            "" or "b" or "bytes" => 1,
            "k" or "kb" or "kib" => 1L << 10,
            "m" or "mb" or "mib" => 1L << 20,
            "g" or "gb" or "gib" => 1L << 30,
            "t" or "tb" or "tib" => 1L << 40,
            _ => null,
        };
        if (factor is { } scale && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue / scale)
        {
            return count * scale;
        }

        throw new UsageException($"{key}= must be a size in bytes, or one with KiB, MiB, GiB or TiB after it, not '{text}'.");
    }
}
