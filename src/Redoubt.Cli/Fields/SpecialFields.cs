using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>The few fields of xe whose value is a rule and not a place.</summary>
internal static class SpecialFields
{
    public static string Evaluate(string rule, XeObject of, RecordCache cache) => rule switch
    {
        "sr-host" => HostOfSr(of, cache),
        "vdi-name" => of.Record["empty"] is WireBool { Value: true } ? "<EMPTY>" : NameOf(cache.Find("VDI", Ref(of.Record, "VDI"))),
        "metadata-of-pool" => PoolOfMetadata(of, cache),
        "last-boot-record" => $"'{(of.Record["last_booted_record"] as WireString)?.Value}'",
        "is-level" => of.Record["subroles"] is WireArray { Items.Count: > 0 } ? "true" : "false",
        "attachable" =>
            cache.Ask("VBD.assert_attachable", of.Ref) is WireString { Value: ['<', .. var code, '>'] } ? $"false (error: {code})" : "true",
        ['i', 'o', '-', .. var source] => Kilobytes(source.Split('-'), of, cache),
        _ => throw new InvalidOperationException($"There is no rule {rule}."),
    };

    // The host's or VM's data source of this device, such as vbd_xvda_read, in bytes a second.
    private static string Kilobytes(string[] source, XeObject of, RecordCache cache)
    {
        var name = $"{source[0]}_{(of.Record["device"] as WireString)?.Value}_{source[1]}";
        var (message, owner) = source[0] == "pif" ? ("host.query_data_source", "host") : ("VM.query_data_source", "VM");
        double? rate = cache.Ask(message, Ref(of.Record, owner), name) switch
        {
            WireFloat number => number.Value,
            WireInt number => number.Value,
            _ => null,
        };
        return rate is { } bytes ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1024:0.###}") : "<unknown>";
    }

    private static string HostOfSr(XeObject sr, RecordCache cache) => sr.Record["PBDs"] switch
    {
        WireArray { Items: [WireString pbd] } =>
            cache.Find("PBD", pbd.Value) is { } attached ? NameOf(cache.Find("host", Ref(attached, "host"))) : XeField.Absent,
        WireArray { Items.Count: > 1 } => "<shared>",
        _ => XeField.Absent,
    };

    // The own pool is in the database; another one's identity is what the server read from the disk itself.
    private static string PoolOfMetadata(XeObject vdi, RecordCache cache)
    {
        if (vdi.Record["type"] is not WireString { Value: "metadata" })
        {
            return XeField.Absent;
        }

        if (cache.Find("pool", Ref(vdi.Record, "metadata_of_pool")) is { } own)
        {
            return (own["uuid"] as WireString)?.Value ?? XeField.Absent;
        }

        return cache.Ask("VDI.read_database_pool_uuid", vdi.Ref) is WireString { Value.Length: > 0 } foreign
            ? foreign.Value
            : XeField.Absent;
    }

    private static string Ref(WireStruct record, string field) => (record[field] as WireString)?.Value ?? RefText.Null;

    private static string NameOf(WireStruct? record) => (record?["name_label"] as WireString)?.Value ?? XeField.Absent;
}
