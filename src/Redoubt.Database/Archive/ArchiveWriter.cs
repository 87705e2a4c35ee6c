using System.Collections;
using System.Globalization;
using System.Text;
using System.Xml;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// Writes the metadata of VMs in the form of <c>vm-export metadata=true</c>: a tar archive of the one file <c>ova.xml</c>, an XML-RPC
/// value.
/// <code>
/// struct
///   version   struct   hostname, date, product_version, product_brand, build_number, xapi_major, xapi_minor, export_vsn
///   objects   array
///     struct   class, id (Ref:7), snapshot: the record, its references as ids of this file
/// </code>
/// See <c>docs/formats/vm-metadata.md</c>.
/// </summary>
public static class ArchiveWriter
{
    /// <summary>The version of the form, which every xapi of this century writes.</summary>
    public const int ExportVersion = 2;

    private static readonly XmlWriterSettings Writing = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        OmitXmlDeclaration = true,
        ConformanceLevel = ConformanceLevel.Fragment,
        NewLineHandling = NewLineHandling.Entitize,
    };

    /// <summary>Writes an archive.</summary>
    /// <param name="state">The database that the VMs are in.</param>
    /// <param name="vms">The VMs.</param>
    /// <param name="options">What goes with them.</param>
    /// <param name="now">The time that the archive says it was made at.</param>
    /// <param name="archive">Where to.</param>
    /// <param name="scratch">An empty stream that can be sought, for the text, since a tar archive begins with its length.</param>
    /// <param name="keys">Seals the secrets in it; <see langword="null"/> to leave them in clear.</param>
    public static void Write(
        DatabaseState state, IEnumerable<Ref<VmRecord>> vms, ArchiveOptions options, DateTimeOffset now, Stream archive, Stream scratch,
        KeyRing? keys = null)
    {
        WriteText(state, vms, options, now, scratch, keys);
        scratch.Position = 0;
        TarMember.Write(scratch, archive);
    }

    /// <summary>Writes the text alone; gives what it calls each object, by its reference.</summary>
    internal static IReadOnlyDictionary<string, string> WriteText(
        DatabaseState state, IEnumerable<Ref<VmRecord>> vms, ArchiveOptions options, DateTimeOffset now, Stream scratch, KeyRing? keys)
    {
        var walk = new ArchiveWalk(state, options);
        foreach (var vm in vms)
        {
            walk.Add(vm);
        }

        using var xml = XmlWriter.Create(scratch, Writing);
        return WriteText(state, keys, Sealed(walk.Objects, keys, SealingPolicy.Of(state)), now, new XmlWireWriter(xml));
    }

    private static List<(ClassModel Class, string Ref, Record Record)> Sealed(
        IEnumerable<(ClassModel Class, string Ref, Record Record)> objects, KeyRing? keys, SealingPolicy policy) =>
        [.. objects.Select(o => o with { Record = keys?.Seal(o.Record, policy) ?? o.Record })];

    // The value of a secret, sealed as in the database: read back, it stands in a secret again.
    private static string Contents(DatabaseState state, VtpmRecord tpm, KeyRing? keys) => state.Find(tpm.Contents) is not { } secret ? ""
        : ((SecretRecord)(keys?.Seal(secret, SealingPolicy.Of(state)) ?? secret)).Value;

    private static Dictionary<string, string> WriteText(
        DatabaseState state, KeyRing? keys, List<(ClassModel Class, string Ref, Record Record)> objects, DateTimeOffset now,
        XmlWireWriter values)
    {
        var ids = objects.Select((o, at) => (o.Ref, Id: string.Create(CultureInfo.InvariantCulture, $"Ref:{at}")))
            .ToDictionary(o => o.Ref, o => o.Id, StringComparer.Ordinal);
        values.BeginStruct();
        values.Key("version");
        WriteVersion(state, now, values);
        values.Key("objects");
        values.BeginArray();
        foreach (var (model, reference, record) in objects)
        {
            values.BeginStruct();
            values.Key("class");
            values.String(model.Name);
            values.Key("id");
            values.String(ids[reference]);
            values.Key("snapshot");
            if (record is VtpmRecord tpm)
            {
                TpmMember.Write(tpm, ids.GetValueOrDefault(tpm.Vm.Opaque, RefText.Null), Contents(state, tpm, keys), values);
            }
            else
            {
                WriteRecord(model, record, ids, values);
            }

            values.EndStruct();
        }

        values.EndArray();
        values.EndStruct();
        return ids;
    }

    private static void WriteVersion(DatabaseState state, DateTimeOffset now, XmlWireWriter values)
    {
        var host = state.All<HostRecord>().Select(h => h.Record).FirstOrDefault() ?? new HostRecord();
        values.BeginStruct();
        foreach (var (key, value) in new[]
        {
            ("hostname", host.Hostname.Length > 0 ? host.Hostname : host.NameLabel),
            ("date", XenTypes.DateTime.Encode(now)),
            ("product_version", host.SoftwareVersion.GetValueOrDefault("product_version", "")),
            ("product_brand", host.SoftwareVersion.GetValueOrDefault("product_brand", "")),
            ("build_number", host.SoftwareVersion.GetValueOrDefault("build_number", "0")),

            // xapi refuses what comes from a newer one than itself. The records are those of its schema, so it need not.
            ("xapi_major", "0"),
            ("xapi_minor", "0"),
            ("export_vsn", ExportVersion.ToString(CultureInfo.InvariantCulture)),
        })
        {
            values.Key(key);
            values.String(value);
        }

        values.EndStruct();
    }

    private static void WriteRecord(ClassModel model, Record record, Dictionary<string, string> ids, XmlWireWriter values)
    {
        values.BeginStruct();
        foreach (var field in model.Fields.Where(f => !f.IsExtension))
        {
            values.Key(field.Name);
            switch (field.Type)
            {
                // By this one the pool's own database says which vApp it was; xapi leaves it as it is too.
                case IRefType { ClassName: "VM_appliance" }:
                    field.Write(values, record);
                    break;
                case IRefType:
                    values.String(field.GetValue(record) is IRef one && ids.TryGetValue(one.Opaque, out var id) ? id : RefText.Null);
                    break;
                case ISetType { Element: IRefType }:
                    values.BeginArray();
                    foreach (var item in ((IEnumerable)field.GetValue(record)!).Cast<IRef>().Where(r => ids.ContainsKey(r.Opaque)))
                    {
                        values.String(ids[item.Opaque]);
                    }

                    values.EndArray();
                    break;
                default:
                    field.Write(values, record);
                    break;
            }
        }

        values.EndStruct();
    }
}
