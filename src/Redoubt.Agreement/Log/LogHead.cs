using System.Globalization;
using System.Text;

namespace Redoubt.Agreement;

/// <summary>Up to where the log goes.</summary>
/// <param name="Generation">The generation of the database after its last batch.</param>
/// <param name="Term">The term of the coordinator that wrote it.</param>
/// <param name="Modified">The revision at which it was written; 0 if it has never been.</param>
public sealed record LogHead(long Generation, long Term, long Modified)
{
    /// <summary>Of a log that has not begun.</summary>
    public static LogHead None { get; } = new(-1, 0, 0);

    /// <summary>What etcd holds.</summary>
    /// <exception cref="InvalidDataException">It is no head.</exception>
    internal static LogHead Of(EtcdValue? value)
    {
        if (value is null)
        {
            return None;
        }

        var text = Encoding.UTF8.GetString(value.Bytes);
        return text.Split(' ') is [var generation, var term]
            && long.TryParse(generation, NumberStyles.None, CultureInfo.InvariantCulture, out var g)
            && long.TryParse(term, NumberStyles.None, CultureInfo.InvariantCulture, out var t)
            ? new(g, t, value.Modified)
            : throw new InvalidDataException($"{LogKeys.Head} holds \"{text}\", which names no generation and no term");
    }

    /// <summary>As etcd holds it.</summary>
    internal static byte[] Spell(long generation, long term) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{generation} {term}"));
}
