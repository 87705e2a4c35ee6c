using System.Globalization;
using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal.Area;

/// <summary>Whose database it is.</summary>
/// <param name="Uuid">The pool's UUID; empty where the database has no pool.</param>
/// <param name="Name">Its name, cut to what the area has room for.</param>
public sealed record PoolIdentity(Guid Uuid, string Name)
{
    internal const int MaxNameBytes = 400;

    /// <summary>The pool that a database says it is of.</summary>
    public static PoolIdentity Of(DatabaseDump dump)
    {
        ArgumentNullException.ThrowIfNull(dump);
        var row = dump.FindTable("pool")?.Rows.FirstOrDefault()?.Columns;
        var uuid = Guid.TryParse(row?.GetValueOrDefault("uuid"), CultureInfo.InvariantCulture, out var parsed) ? parsed : Guid.Empty;
        return new PoolIdentity(uuid, Cut(row?.GetValueOrDefault("name_label") ?? ""));
    }

    /// <summary>Cut where a character begins, never inside one.</summary>
    private static string Cut(string name)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > MaxNameBytes)
                break;
            (bytes, length) = (bytes + rune.Utf8SequenceLength, length + rune.Utf16SequenceLength);
        }

        return Encoding.UTF8.GetByteCount(name) <= MaxNameBytes ? name : name[..length];
    }
}
