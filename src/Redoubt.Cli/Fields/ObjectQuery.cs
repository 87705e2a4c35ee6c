using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>Finds the objects of a class that meet all conditions.</summary>
internal static class ObjectQuery
{
    public static async Task<IReadOnlyList<XeObject>> RunAsync(
        XenApiClient api, XeClass of, RecordCache cache, IReadOnlyList<FieldFilter> filters, CancellationToken cancellationToken)
    {
        var table = await api.CallRawAsync($"{of.ClassName}.get_all_records", [], cancellationToken);
        var all = table.AsStruct("records")
            .Select(row => new XeObject(row.Key, row.Value as WireStruct ?? throw new WireFormatException("record", row.Value)))
            .ToList();
        foreach (var row in all)
        {
            cache.Add(of.ClassName, row.Ref, row.Record);
        }

        var reader = new FieldReader(of, cache);
        return await cache.SettleAsync(
            () => (IReadOnlyList<XeObject>)[.. all.Where(row => filters.All(f => f.Matches(reader.Read(f.Field, row))))]);
    }
}
