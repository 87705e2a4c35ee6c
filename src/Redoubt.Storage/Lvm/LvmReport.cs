using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Storage.LvmDriver;

/// <summary>
/// Reads what <c>pvs</c> reports of one device. What stands there was written by whoever had the device: nothing in it is taken for a
/// command or a path, and no piece of a volume may lie where the device has no room for it.
/// </summary>
internal static class LvmReport
{
    /// <summary>The tag that has the size of a disk, in bytes, which whole extents round up.</summary>
    public const string SizeTag = "redoubt.bytes=";

    /// <summary>The tag that says on which host a volume was made.</summary>
    public const string HostTag = "redoubt.host=";

    /// <summary>The columns that are asked for.</summary>
    public const string Columns =
        "pe_start,pv_in_use,pv_count,vg_name,vg_systemid,vg_size,vg_free,vg_extent_size,lv_name,lv_uuid,lv_tags,lv_time,lv_size,segtype,"
        + "stripes,seg_start,pvseg_start,pvseg_size";

    /// <summary>Reads it.</summary>
    /// <param name="json">What was printed.</param>
    /// <param name="deviceBytes">The size of the device.</param>
    /// <returns>Null: there is no physical volume.</returns>
    /// <exception cref="FormatException">It is none.</exception>
    public static LvmGroup? Read(string json, long deviceBytes)
    {
        try
        {
            using var report = JsonDocument.Parse(json);
            var rows = report.RootElement.GetProperty("report")[0].GetProperty("pvseg").EnumerateArray().ToList();
            return rows.Count == 0 ? null : Read(rows, deviceBytes);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException
            or OverflowException)
        {
            throw new FormatException($"LVM's answer can't be read ({e.Message})", e);
        }
    }

    private static LvmGroup Read(List<JsonElement> rows, long deviceBytes)
    {
        var first = rows[0];
        if (Text(first, "vg_name").Length == 0 && Text(first, "pv_in_use").Length > 0)
            throw new FormatException("it is in use, and its volume group can't be read");
        var volumes = rows.GroupBy(r => Text(r, "lv_name")).Where(g => g.Key.Length > 0).ToList();
        return new LvmGroup
        {
            Name = Text(first, "vg_name"),
            System = Text(first, "vg_systemid"),
            Devices = Text(first, "vg_name").Length == 0 ? 1 : Number(first, "pv_count"),
            SizeBytes = Number(first, "vg_size"),
            FreeBytes = Number(first, "vg_free"),
            Volumes = [.. volumes.Select(v => LvmName.TryParse(v.Key, out var name) ? Volume(name, [.. v], deviceBytes) : null)
                .OfType<LvmVolume>()],
            ProofAt = volumes.FirstOrDefault(v => v.Key == LvmName.Proof) is { } proof
                && Segments([.. proof]) is [var piece, ..] && piece.At <= deviceBytes - piece.Length ? piece.At : null,
            Others = [.. volumes.Select(v => v.Key).Where(n => n != LvmName.Proof && !LvmName.TryParse(n, out _))],
        };
    }

    private static LvmVolume Volume(LvmName name, List<JsonElement> rows, long deviceBytes)
    {
        var (allocated, segments) = (Number(rows[0], "lv_size"), Segments(rows));
        var (tag, host, id) = (Tag(rows[0], SizeTag), Tag(rows[0], HostTag), Text(rows[0], "lv_uuid"));
        var isNamed = id.Length > 0 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
        var hasSize = long.TryParse(tag?[SizeTag.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var size);
        var isLinear = rows.TrueForAll(r => Text(r, "segtype") is "linear" or "striped" && Number(r, "stripes") == 1);
        var end = 0L;
        var isWhole = segments.All(s => s.Start == end && (end += s.Length) > 0) && end == allocated;
        return new LvmVolume
        {
            Name = name,
            Id = isNamed ? id : "-",
            Host = host?[HostTag.Length..],
            SizeBytes = tag is null ? allocated : size,
            AllocatedBytes = allocated,
            Segments = segments,
            MadeAt = DateTimeOffset.TryParseExact(
                Text(rows[0], "lv_time"), "yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out var made)
                ? made : null,
            Unreadable = !isLinear ? $"the volume {name} is no linear one, and no volume that is made here"
                : !isWhole ? $"parts of the volume {name} are missing"
                : segments.Any(s => s.At > deviceBytes - s.Length) ? $"the volume {name} reaches beyond the end of its device"
                : tag is not null && (!hasSize || size <= 0 || size > allocated || size % 512 != 0 || size > VdiSize.MaxBytes)
                    ? $"the tag {tag} of the volume {name} is no size that it can have"
                : !isNamed ? $"the volume {name} has no identity"
                : null,
        };
    }

    private static ImmutableArray<LvmSegment> Segments(List<JsonElement> rows) =>
    [
        .. rows.Select(r => checked(new LvmSegment(
            Number(r, "seg_start"), Number(r, "pvseg_size") * Number(r, "vg_extent_size"),
            Number(r, "pe_start") + (Number(r, "pvseg_start") * Number(r, "vg_extent_size"))))).OrderBy(s => s.Start),
    ];

    private static string? Tag(JsonElement row, string tag) =>
        Text(row, "lv_tags").Split(',').FirstOrDefault(t => t.StartsWith(tag, StringComparison.Ordinal));

    private static string Text(JsonElement row, string column) => row.GetProperty(column).GetString() ?? "";

    private static long Number(JsonElement row, string column) =>
        long.TryParse(Text(row, column), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new FormatException($"LVM says {column} is '{XmlText.Clean(Text(row, column))}'");
}
