using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Compares the declaration with xapi's own list of its tables and columns, and keeps a line for each difference.</summary>
internal static partial class SchemaDifferences
{
    public static IReadOnlyList<string> Find(IEnumerable<string> lines)
    {
        var differences = new List<string>();
        var tables = Read(lines);
        differences.AddRange(tables.Keys.Except(DataModel.Classes.Keys).Select(t => $"the table {t} is not declared"));
        differences.AddRange(DataModel.Classes.Values.Where(c => !c.IsExtension).Select(c => c.Name).Except(tables.Keys)
            .Select(t => $"the class {t} is declared, but there is no such table"));
        foreach (var (name, (isPersistent, columns)) in tables)
        {
            if (DataModel.FindClass(name) is { } model)
            {
                if (isPersistent != (model.Kind == ClassKind.Persistent))
                {
                    differences.Add($"{name}: table is persistent={isPersistent}, declared {model.Kind}");
                }

                Compare(differences, model, columns);
            }
        }

        return differences;
    }

    private static void Compare(List<string> differences, ClassModel model, Dictionary<string, string> columns)
    {
        var declared = model.AllFields.Where(f => f is { HasColumn: true, IsExtension: false }).ToDictionary(f => f.Column, Describe);
        differences.AddRange(columns.Keys.Except(declared.Keys).Select(c => $"{model.Name}: the column {c} is not declared"));
        differences.AddRange(
            declared.Keys.Except(columns.Keys).Select(c => $"{model.Name}: the column {c} is declared, but the table has none"));
        differences.AddRange(columns.Where(c => declared.TryGetValue(c.Key, out var ours) && ours != c.Value)
            .Select(c => $"{model.Name}.{c.Key}: column is <{c.Value}>, declared <{declared[c.Key]}>"));
    }

    private static string Describe(FieldModel field)
    {
        var type = field.Type switch { ISetType => "Set", IMapType => "Pairs", _ => "String" };
        var isPersistent = field is { IsVolatile: false, Relation: null } ? "true" : "false";
        return $"persistent={isPersistent} type={type} default={(field.DefaultText is { } text ? $"\"{text}\"" : "-")}";
    }

    private static Dictionary<string, (bool IsPersistent, Dictionary<string, string> Columns)> Read(IEnumerable<string> lines)
    {
        var tables = new Dictionary<string, (bool, Dictionary<string, string> Columns)>();
        var columns = new Dictionary<string, string>();
        foreach (var line in lines)
        {
            if (TableLine().Match(line) is { Success: true } table)
            {
                columns = [];
                tables.Add(table.Groups["name"].Value, (table.Groups["persistent"].Value == "true", columns));
            }
            else if (ColumnLine().Match(line) is { Success: true } column && column.Groups["name"].Value != "_ref")
            {
                columns.Add(column.Groups["name"].Value, column.Groups["rest"].Value);
            }
        }

        return tables;
    }

    [GeneratedRegex(@"^table (?<name>\w+) persistent=(?<persistent>true|false)$", RegexOptions.ExplicitCapture)]
    private static partial Regex TableLine();

    [GeneratedRegex(@"^  (?<name>\w+) (?<rest>persistent=.*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ColumnLine();
}
