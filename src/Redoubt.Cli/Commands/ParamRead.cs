using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary><c>-param-list</c> and <c>-param-get</c>.</summary>
internal static class ParamRead
{
    public static async Task<int> ListAsync(XeClass of, CommandContext context)
    {
        var fields = of.Fields.Where(f => !f.IsHidden).ToList();
        var record = await ReadAsync(of, context, (reader, row) =>
            (IReadOnlyList<(XeField Field, FieldValue? Value)>)[.. fields.Select(f => (f, reader.Read(f, row)))]);
        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintOne(context.Terminal, record);
        }
        else
        {
            RecordPrinter.Print(
                context.Terminal, [[.. record.Select(f => KeyValuePair.Create(f.Field.Title, f.Value!.Text))]], context.Parameters.Minimal);
        }

        return ExitCode.Success;
    }

    public static async Task<int> GetAsync(XeClass of, CommandContext context)
    {
        var name = context.Parameters.Get("param-name");
        var field = of.Find(name) ?? throw new UsageException($"{of.Prefix} has no field '{name}'.");
        var key = context.Parameters.Find("param-key");
        if (key is not null && field.Kind != FieldKind.Map)
        {
            throw new UsageException($"{name} is no map, so it has no param-key.");
        }

        var value = await ReadAsync(of, context, (reader, row) => reader.Read(field, row));
        var text = key is null
            ? value.Text
            : (value.Pairs ?? []).Where(p => p.Key == key).Select(p => p.Value).FirstOrDefault()
                ?? throw new UsageException($"{name} has no key '{key}'.");
        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, [text]);
        }
        else
        {
            context.Terminal.PrintLine(text);
        }

        return ExitCode.Success;
    }

    private static Task<T> ReadAsync<T>(XeClass of, CommandContext context, Func<FieldReader, XeObject, T> read) =>
        context.WithDatabaseAsync(async api =>
        {
            var row = await FetchAsync(api, of.ClassName, context.Parameters.Get("uuid"), context.CancellationToken);
            var cache = new RecordCache(api, context.CancellationToken);
            cache.Add(of.ClassName, row.Ref, row.Record);
            var reader = new FieldReader(of, cache);
            return await cache.SettleAsync(() => read(reader, row));
        });

    internal static async Task<XeObject> FetchAsync(XenApiClient api, string className, string uuid, CancellationToken cancellationToken)
    {
        var reference = (await api.CallRawAsync($"{className}.get_by_uuid", [uuid], cancellationToken)).AsString("ref");
        var record = await api.CallRawAsync($"{className}.get_record", [reference], cancellationToken);
        return new(reference, record as WireStruct ?? throw new WireFormatException("record", record));
    }
}
