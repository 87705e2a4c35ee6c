using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Commands;

/// <summary>Lists a class's objects.</summary>
internal static class ListCommand
{
    private static readonly string[] NoConditions = ["params", "minimal", "all", "json"];

    public static async Task<int> RunAsync(XeClass of, CommandContext context)
    {
        var filters = of.Filter.Concat(context.Parameters.All.Where(p => !IsOption(p.Key)))
            .Select(p => FieldFilter.Parse(of, p.Key, p.Value)).ToList();
        var fields = Choose(of, context.Parameters.Find("params"));
        var records = await context.WithDatabaseAsync(async api =>
        {
            var cache = new RecordCache(api, context.CancellationToken);
            var rows = await ObjectQuery.RunAsync(api, of, cache, filters, context.CancellationToken);
            var reader = new FieldReader(of, cache);
            return await cache.SettleAsync(() => (IReadOnlyList<IReadOnlyList<(XeField Field, FieldValue? Value)>>)
                [.. rows.Select(row => (IReadOnlyList<(XeField, FieldValue?)>)[.. fields.Select(f => (f, f.IsExpensive ? null : reader.Read(f, row)))])]);
        });
        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintAll(context.Terminal, records);
        }
        else
        {
            RecordPrinter.Print(
                context.Terminal, [.. records.Select(r => (IReadOnlyList<KeyValuePair<string, string>>)[.. r.Select(Show)])],
                context.Parameters.Minimal);
        }

        return ExitCode.Success;
    }

    private static bool IsOption(string key) => NoConditions.Contains(key) || key.StartsWith("database:", StringComparison.Ordinal);

    // The order is the class's, whatever the order in params=, as with xe; so is what a minimal list shows.
    private static List<XeField> Choose(XeClass of, string? names)
    {
        var wanted = names is null ? of.Listed : names == "all" ? [] : (IReadOnlyList<string>)names.Split(
            ',', StringSplitOptions.TrimEntries);
        var unknown = wanted.Where(n => of.Find(n) is null).ToList();
        if (unknown.Count > 0)
        {
            throw new UsageException(
                $"{of.Prefix} has no field '{string.Join("', '", unknown)}'. '{of.Prefix}-list params=all' shows all.");
        }

        return [.. of.Fields.Where(f => (wanted.Count == 0 || wanted.Contains(f.Name)) && !f.IsHidden)];
    }

    private static KeyValuePair<string, string> Show((XeField Field, FieldValue? Value) shown) =>
        new(shown.Field.Title, shown.Value?.Text ?? "<expensive field>");
}
