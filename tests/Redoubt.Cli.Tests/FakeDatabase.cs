using System.Text.Json;
using Redoubt.XenApi;
using Record = Redoubt.XenApi.Record;

namespace Redoubt.Cli.Tests;

/// <summary>Records in memory, with the messages that follow from the data model.</summary>
internal sealed class FakeDatabase
{
    private readonly Dictionary<string, Dictionary<string, WireStruct>> tables = [];

    /// <summary>Adds a record; its reference is made of its UUID.</summary>
    public string Add(Record record)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            record.DeclaredClass.WriteRecord(new JsonWireWriter(json), record);
        }

        using var document = JsonDocument.Parse(bytes.ToArray());
        var wire = (WireStruct)JsonWire.Read(document.RootElement);
        var reference = RefText.Prefix + Text(wire["uuid"]!);
        Table(record.DeclaredClass.Name)[reference] = wire;
        return reference;
    }

    public WireStruct Get(string className, string reference) => Table(className)[reference];

    /// <summary>Answers a getter; null for any other message.</summary>
    public WireValue? TryAnswer(string message, IReadOnlyList<WireValue> arguments)
    {
        var (of, name) = Split(message);
        if (name == "get_all_records")
        {
            return new WireStruct([.. Table(of).Select(r => KeyValuePair.Create(r.Key, (WireValue)r.Value))]);
        }

        if (name == "get_by_uuid")
        {
            return Table(of).Where(r => Text(r.Value["uuid"]!) == Text(arguments[0])).Select(r => new WireString(r.Key)).FirstOrDefault()
                ?? throw new XenApiException("UUID_INVALID", of, Text(arguments[0]));
        }

        return name == "get_record" ? Row(of, arguments[0])
            : name.StartsWith("get_", StringComparison.Ordinal) && arguments.Count == 1 ? Row(of, arguments[0])[name[4..]]
            : null;
    }

    /// <summary>Does what an implicit message does; null for any other message.</summary>
    public WireValue? TryAct(string message, IReadOnlyList<WireValue> arguments)
    {
        var (of, name) = Split(message);
        if (name == "create")
        {
            var reference = $"OpaqueRef:{Guid.NewGuid()}";
            Table(of)[reference] = new WireStruct([.. ((WireStruct)arguments[0]).Members, new("uuid", new WireString(reference[10..]))]);
            return new WireString(reference);
        }

        if (name == "destroy")
        {
            Table(of).Remove(Text(arguments[0]));
            return new WireString("");
        }

        if (name.StartsWith("set_", StringComparison.Ordinal) && DataModel.Classes[of].FindField(name[4..]) is not null)
        {
            Replace(of, arguments[0], name[4..], _ => arguments[1]);
            return new WireString("");
        }

        if (name.StartsWith("add_to_", StringComparison.Ordinal))
        {
            Replace(
                of, arguments[0], name[7..], map => new WireStruct([.. ((WireStruct)map).Members, new(Text(arguments[1]), arguments[2])]));
            return new WireString("");
        }

        if (name.StartsWith("remove_from_", StringComparison.Ordinal))
        {
            Replace(
                of, arguments[0], name[12..],
                map => new WireStruct([.. ((WireStruct)map).Members.Where(m => m.Key != Text(arguments[1]))]));
            return new WireString("");
        }

        return null;
    }

    public static string Text(WireValue value) => value switch
    {
        WireString text => text.Value,
        WireInt number => $"{number.Value}",
        WireBool truth => truth.Value ? "true" : "false",
        WireArray array => $"[{string.Join(',', array.Items.Select(Text))}]",
        WireStruct members => $"{{{string.Join(',', members.Members.Select(m => $"{m.Key}:{Text(m.Value)}"))}}}",
        _ => value.Describe(),
    };

    private static (string Class, string Name) Split(string message) =>
        message.Split('.') is [var of, var name] ? (of, name) : (message, "");

    private Dictionary<string, WireStruct> Table(string of) => tables.TryGetValue(of, out var table) ? table : tables[of] = [];

    private WireStruct Row(string of, WireValue reference) =>
        Table(of).GetValueOrDefault(Text(reference)) ?? throw new XenApiException("HANDLE_INVALID", of, Text(reference));

    private void Replace(string of, WireValue reference, string field, Func<WireValue, WireValue> change)
    {
        var row = Row(of, reference);
        Table(of)[Text(reference)] = new WireStruct([.. row.Members.Select(m => m.Key == field ? new(field, change(m.Value)) : m)]);
    }
}
