using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>
/// The objects that others refer to, so that a list can show UUIDs and names for references. Whoever needs one asks; what is missing is
/// noted, fetched in as few calls as possible, and the question put again (<see cref="SettleAsync"/>). That way a field may follow
/// references over references, and ten thousand VMs with their disks take a handful of calls.
/// </summary>
internal sealed class RecordCache(XenApiClient api, CancellationToken cancellationToken)
{
    // One call for a table moves more bytes but saves round trips.
    private const int WholeTableFrom = 6;

    private readonly Dictionary<(string Class, string Ref), WireStruct?> records = [];
    private readonly Dictionary<(string Message, string Ref, string? About), WireValue> answers = [];
    private readonly HashSet<(string Class, string Ref)> missingRecords = [];
    private readonly HashSet<(string Message, string Ref, string? About)> missingAnswers = [];

    /// <summary>Evaluates until nothing is missing.</summary>
    public async Task<T> SettleAsync<T>(Func<T> evaluate)
    {
        while (true)
        {
            var result = evaluate();
            if (missingRecords.Count == 0 && missingAnswers.Count == 0)
            {
                return result;
            }

            await FetchAsync();
        }
    }

    public void Add(string className, string reference, WireStruct record) => records[(className, reference)] = record;

    /// <summary>The object's record; null if there is none, or it has yet to be fetched.</summary>
    public WireStruct? Find(string className, string reference)
    {
        if (new Ref<VmRecord>(reference).IsNull)
        {
            return null;
        }

        if (!records.TryGetValue((className, reference), out var record))
        {
            missingRecords.Add((className, reference));
        }

        return record;
    }

    /// <summary>What the server answers to a message about an object.</summary>
    public WireValue Ask(string message, string reference, string? about = null)
    {
        if (!answers.TryGetValue((message, reference, about), out var answer))
        {
            missingAnswers.Add((message, reference, about));
        }

        return answer ?? new WireString("");
    }

    private async Task FetchAsync()
    {
        foreach (var group in missingRecords.GroupBy(r => r.Class, r => r.Ref).ToList())
        {
            await FetchAsync(group.Key, [.. group]);
        }

        missingRecords.Clear();
        foreach (var (message, reference, about) in missingAnswers)
        {
            answers[(message, reference, about)] = await FetchAnswerAsync(message, about is null ? [reference] : [reference, about]);
        }

        missingAnswers.Clear();
    }

    private async Task FetchAsync(string className, IReadOnlyList<string> references)
    {
        if (references.Count >= WholeTableFrom && DataModel.Classes[className].Messages.ContainsKey("get_all_records"))
        {
            var table = await api.CallRawAsync($"{className}.get_all_records", [], cancellationToken);
            foreach (var (reference, record) in table.AsStruct("records"))
            {
                records[(className, reference)] = record as WireStruct;
            }

            foreach (var reference in references)
            {
                records.TryAdd((className, reference), null);
            }

            return;
        }

        foreach (var reference in references)
        {
            records[(className, reference)] = await FetchOneAsync(className, reference);
        }
    }

    private async Task<WireStruct?> FetchOneAsync(string className, string reference)
    {
        try
        {
            return await api.CallRawAsync($"{className}.get_record", [reference], cancellationToken) as WireStruct;
        }
        catch (XenApiException gone) when (gone.Code == "HANDLE_INVALID")
        {
            // Removed while we were reading, or never in this database: shown as absent.
            return null;
        }
    }

    private async Task<WireValue> FetchAnswerAsync(string message, object?[] arguments)
    {
        try
        {
            return await api.CallRawAsync(message, arguments, cancellationToken);
        }
        catch (XenApiException refused)
        {
            // One field that the server can't tell must not hide all others; the code stands in its place.
            return new WireString($"<{refused.Code}>");
        }
    }
}
