using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// Reads the metadata of VMs in the form of <c>vm-export metadata=true</c>, xapi's or ours, object by object. What this data model does not
/// know is passed over: classes, fields, members.
/// </summary>
public static class ArchiveReader
{
    /// <summary>The longest <c>ova.xml</c> that is read: the metadata of some ten thousand VMs.</summary>
    public const long TextBytesMax = 256L << 20;

    private const int ObjectsMax = 500_000;

    /// <summary>Reads an archive to its end.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR…</c>, <c>IMPORT_INCOMPATIBLE_VERSION</c>: it is none, or none that can be
    /// read.</exception>
    public static VmArchive Read(Stream archive)
    {
        var length = TarMember.ReadHeader(archive);
        RequireLength(length);
        var read = ReadText(archive, length);
        TarMember.ReadEnd(archive, length);
        return read;
    }

    /// <summary>Reads <c>ova.xml</c> of a length.</summary>
    internal static VmArchive ReadText(Stream archive, long length)
    {
        using var text = new MemberStream(archive, length);
        var read = ReadText(text);
        return text.LeftBytes == 0 ? read : throw ArchiveFailure.Malformed($"there is more in {TarMember.Name} than one value");
    }

    internal static void RequireLength(long length)
    {
        if (length > TextBytesMax)
        {
            throw ArchiveFailure.Malformed(string.Create(
                CultureInfo.InvariantCulture,
                $"{TarMember.Name} has {length} bytes, at most {TextBytesMax} are read. Export fewer VMs at a time"));
        }
    }

    private static VmArchive ReadText(MemberStream text)
    {
        try
        {
            using var xml = XmlWire.Open(text);
            var reading = new Reading(xml);
            return reading.Document();
        }
        catch (Exception broken) when (broken is XmlException or WireFormatException or ArgumentException)
        {
            if (text.IsCutShort)
            {
                throw new XenApiException(broken, "IMPORT_ERROR_PREMATURE_EOF");
            }

            throw ArchiveFailure.Malformed(broken);
        }
    }

    private sealed class Reading(XmlReader xml)
    {
        private readonly List<(ClassModel Class, string Ref, Record Record)> _objects = [];
        private readonly Dictionary<string, string> _references = new(StringComparer.Ordinal);
        private WireStruct? _version;
        private int _seen;

        public VmArchive Document()
        {
            Members(() => XmlWire.Begin(xml, "value"), name =>
            {
                switch (name)
                {
                    case "version":
                        _version = XmlWire.ReadValue(xml) as WireStruct
                        ?? throw ArchiveFailure.Malformed("its version is no struct"); break;
                    case "objects": Objects(); break;
                    default: _ = XmlWire.ReadValue(xml); break;
                }
            });
            XmlWire.End(xml, "value");
            if (xml.NodeType != XmlNodeType.None)
            {
                throw ArchiveFailure.Malformed("something follows its one value");
            }

            RequireVersion();
            return new([.. Tables()], Version("date"), $"{Version("product_brand")} {Version("product_version")} on {Version("hostname")}")
            {
                References = _references.ToImmutableDictionary(StringComparer.Ordinal),
            };
        }

        private void Objects()
        {
            XmlWire.Begin(xml, "value");
            if (XmlWire.Begin(xml, "array"))
            {
                if (XmlWire.Begin(xml, "data"))
                {
                    while (xml.NodeType == XmlNodeType.Element)
                    {
                        Keep(XmlWire.ReadValue(xml) as WireStruct ?? throw ArchiveFailure.Malformed("an object is no struct"));
                        xml.MoveToContent();
                    }

                    XmlWire.End(xml, "data");
                }

                XmlWire.End(xml, "array");
            }

            XmlWire.End(xml, "value");
        }

        private void Keep(WireStruct value)
        {
            if (++_seen > ObjectsMax)
            {
                throw ArchiveFailure.Malformed($"it holds more than {ObjectsMax} objects. Export fewer VMs at a time");
            }

            if (value["class"] is not WireString { Value: var name } || value["id"] is not WireString { Value: { Length: > 0 } id }
                || value["snapshot"] is not WireStruct snapshot)
            {
                throw ArchiveFailure.Malformed("an object lacks class, id or snapshot");
            }

            if (!DataModel.Classes.TryGetValue(name, out var model) || model.Kind != ClassKind.Persistent)
            {
                return;
            }

            Record record;
            try
            {
                record = model == VtpmRecord.Declaration && TpmMember.Read(snapshot) is var (tpm, contents)
                    ? tpm with { Contents = AddSecret(contents) }
                    : model.FromAnswer(snapshot);
            }
            catch (WireFormatException wrong)
            {
                throw ArchiveFailure.Malformed(new WireFormatException($"the {name} {id}: {wrong.Message}", wrong));
            }

            // By its UUID, so that the same network in two archives is one; what has none goes by its place in this file.
            var uuid = model.FindField("uuid")?.GetValue(record) as string ?? "";
            var reference = Guid.TryParseExact(uuid, "D", out var proper) ? RefText.Of(proper) : $"{RefText.Prefix}{Guid.NewGuid():D}";
            if (model == VmRecord.Declaration && proper == Guid.Empty)
            {
                throw ArchiveFailure.Malformed($"the VM {id} has no proper UUID ('{uuid[..Math.Min(uuid.Length, 40)]}')");
            }

            if (!_references.TryAdd(id, reference))
            {
                throw ArchiveFailure.Malformed($"two objects are called {id}");
            }

            _objects.Add((model, reference, record));
        }

        private Ref<SecretRecord> AddSecret(string value)
        {
            var uuid = Guid.NewGuid();
            _objects.Add((SecretRecord.Declaration, RefText.Of(uuid), new SecretRecord { Uuid = $"{uuid:D}", Value = value }));
            return new(RefText.Of(uuid));
        }

        private IEnumerable<DumpTable> Tables() => _objects.GroupBy(o => o.Class).Select(same => new DumpTable(
            same.Key.Name, same.Select(o => new DumpRow(o.Ref, 0, 0, Columns(o.Class, o.Record)))));

        private RowColumns Columns(ClassModel model, Record record) => RowColumns.From(model.ToColumns(record).Select(column =>
            model.FindColumn(column.Key)?.Type is IRefType && _references.TryGetValue(column.Value, out var reference)
                ? KeyValuePair.Create(column.Key, reference)
                : column));

        private void RequireVersion()
        {
            if (!int.TryParse(Version("export_vsn"), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            {
                throw ArchiveFailure.Malformed("it does not say in which version of the form it is");
            }

            if (version > ArchiveWriter.ExportVersion)
            {
                throw new XenApiException("IMPORT_INCOMPATIBLE_VERSION");
            }
        }

        private string Version(string member) => (_version ?? throw ArchiveFailure.Malformed("it has no version"))[member] switch
        {
            WireString text => text.Value[..Math.Min(text.Value.Length, 200)],
            WireInt number => number.Value.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };

        private void Members(Func<bool> begin, Action<string> member)
        {
            if (!begin() || !XmlWire.Begin(xml, "struct"))
            {
                throw ArchiveFailure.Malformed("it is empty");
            }

            while (xml.NodeType == XmlNodeType.Element)
            {
                XmlWire.Begin(xml, "member");
                var name = xml.NodeType == XmlNodeType.Element && xml.LocalName == "name"
                    ? xml.ReadElementContentAsString()
                    : throw ArchiveFailure.Malformed("a member has no name");
                xml.MoveToContent();
                member(name);
                XmlWire.End(xml, "member");
            }

            XmlWire.End(xml, "struct");
        }
    }
}
