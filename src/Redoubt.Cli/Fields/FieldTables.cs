using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>
/// Finds a class's fields. Those that xe knows are in <c>Tables/*.fields</c>, in xe's order; a line is the name, the access, perhaps
/// <c>=</c> and the source (without it, the name with underscores), and marks. What the data model has beyond the table, extensions
/// above all, follows by rule.
/// </summary>
internal static class FieldTables
{
    public static IReadOnlyList<XeField> Read(XeClass of)
    {
        var model = of.Model;
        var listed = ReadTable(TableName(of.ClassName)).Select(f => Fit(model, f)).ToList();
        if (listed.Count > 0)
        {
            listed.AddRange(model.Fields.Where(f => f.IsExtension).Select(f => Derive(model, f)));
            return listed;
        }

        return [.. model.Fields.Select(f => Derive(model, f))];
    }

    private static string TableName(string className) => className switch
    {
        "VM_appliance" => "appliance",
        "DR_task" => "drtask",
        "pool_patch" => "patch",
        "pool_update" => "update",
        _ => className.ToLowerInvariant().Replace('_', '-'),
    };

    private static IEnumerable<XeField> ReadTable(string name)
    {
        using var stream = typeof(FieldTables).Assembly.GetManifestResourceStream($"{name}.fields");
        if (stream is null)
        {
            yield break;
        }

        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            yield return Parse(line.Split(' '));
        }
    }

    private static XeField Parse(string[] words) => new()
    {
        Name = words[0],
        Kind = words[1][0] switch { 'S' => FieldKind.Set, 'M' => FieldKind.Map, _ => FieldKind.Scalar },
        IsWritable = words[1].EndsWith('W'),
        Source = Array.Find(words, w => w[0] == '=')?[1..] ?? words[0].Replace('-', '_'),
        Otherwise = Array.Find(words, w => w.StartsWith("else:", StringComparison.Ordinal))?[5..].Replace('_', ' ') ?? XeField.Absent,
        IsExpensive = words.Contains("expensive"),
        IsHidden = words.Contains("hidden"),
        IsDeprecated = words.Contains("deprecated"),
        IgnoresCase = words.Contains("nocase"),
        Separator = words.Contains("commas") ? ", " : "; ",
    };

    // The table is xe's; what a field's type is, and whether there is a message that writes it, is the data model's to say.
    private static XeField Fit(ClassModel model, XeField field) => field with
    {
        IsWritable = field is { IsWritable: true, ApiField: { } api } && WritesOf(field.Kind, api).Any(model.Messages.ContainsKey),
    };

    private static XeField Derive(ClassModel model, FieldModel field) => new()
    {
        Name = field.Name.Replace('_', '-') + (field.Type is IRefType ? "-uuid" : ""),
        Kind = field.Type switch { ISetType => FieldKind.Set, IMapType => FieldKind.Map, _ => FieldKind.Scalar },
        IsWritable = model.Messages.ContainsKey("set_" + field.Name) || model.Messages.ContainsKey("add_to_" + field.Name),
        Source = field.Name,
    };

    // A set may be one that is only added to and removed from.
    private static string[] WritesOf(FieldKind kind, string api) => kind switch
    {
        FieldKind.Map => ["add_to_" + api],
        FieldKind.Set => ["set_" + api, "add_" + api],
        FieldKind.Scalar => ["set_" + api],
    };
}
