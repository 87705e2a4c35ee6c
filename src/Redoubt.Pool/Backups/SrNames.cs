using System.Xml;
using System.Xml.Linq;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>
/// The names of SRs and disks, as XenServer's backup keeps them: <c>meta</c>, in it <c>sr</c>, in that <c>vdi</c>, each with uuid and
/// names.
/// </summary>
internal static class SrNames
{
    private const long BytesMax = 256L << 20;

    /// <summary>Writes the names of all SRs and disks.</summary>
    public static void Write(DatabaseState state, string path)
    {
        var meta = new XElement("meta", state.All<SrRecord>().OrderBy(s => s.Record.Uuid, StringComparer.Ordinal).Select(sr => new XElement(
            "sr", Names(sr.Record.Uuid, sr.Record.NameLabel, sr.Record.NameDescription),
            sr.Record.Vdis.Select(state.Find).OfType<VdiRecord>()
                .Select(v => new XElement("vdi", Names(v.Uuid, v.NameLabel, v.NameDescription))))));
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        meta.Save(file);
    }

    /// <summary>Reads names; the text may come from anywhere.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR</c>.</exception>
    public static IReadOnlyList<(bool IsSr, string Uuid, string Label, string Description)> Read(string path)
    {
        using var file = File.OpenRead(path);
        if (file.Length > BytesMax)
        {
            throw new XenApiException(
                "IMPORT_ERROR", $"{BackupLayout.SrNamesFile} of the backup has {file.Length} bytes, of at most {BytesMax}");
        }

        try
        {
            using var xml = XmlWire.Open(file);
            var names = new List<(bool, string, string, string)>();
            while (xml.Read())
            {
                if (xml is { NodeType: XmlNodeType.Element, LocalName: "sr" or "vdi" } && xml.GetAttribute("uuid") is { } uuid)
                {
                    names.Add((xml.LocalName == "sr", uuid, Text("name_label"), Text("name_description")));
                }
            }

            return names;

            string Text(string name) => XmlConvert.VerifyXmlChars(xml.GetAttribute(name) ?? "");
        }
        catch (Exception broken) when (broken is XmlException or ArgumentException)
        {
            throw new XenApiException(broken, "IMPORT_ERROR", $"{BackupLayout.SrNamesFile} of the backup can't be read: {broken.Message}");
        }
    }

    /// <summary>Gives SRs and disks that are here their names.</summary>
    /// <returns>What was renamed, as class, UUID and the new name.</returns>
    public static List<(string Class, string Uuid, string Label)> Apply(
        Transaction tx, IEnumerable<(bool IsSr, string Uuid, string Label, string Description)> names)
    {
        var renamed = new List<(string, string, string)>();
        foreach (var (isSr, uuid, label, description) in names)
        {
            var (sr, vdi) = (isSr ? tx.State.FindByUuid<SrRecord>(uuid) : default, isSr ? default : tx.State.FindByUuid<VdiRecord>(uuid));
            if (tx.Find(sr) is { } ours && (ours.NameLabel != label || ours.NameDescription != description))
            {
                tx.Update(sr, s => s with { NameLabel = label, NameDescription = description });
                renamed.Add(("SR", uuid, label));
            }

            if (tx.Find(vdi) is { } disk && (disk.NameLabel != label || disk.NameDescription != description))
            {
                tx.Update(vdi, v => v with { NameLabel = label, NameDescription = description });
                renamed.Add(("VDI", uuid, label));
            }
        }

        return renamed;
    }

    private static XAttribute[] Names(string uuid, string label, string description) =>
        [new("uuid", uuid), new("name_label", XenApi.XmlText.Clean(label)), new("name_description", XenApi.XmlText.Clean(description))];
}
