using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Console;

/// <summary>What the API refused, in the API's own sentence, with the names of the objects it speaks of.</summary>
internal static class Refusals
{
    public static string Sentence(XenApiException refusal, DatabaseState state) =>
        ErrorSentences.Find(refusal.Code, refusal.Parameters, (className, reference) => Name(state, className, reference))
            ?? refusal.Message;

    private static string? Name(DatabaseState state, string className, string reference)
    {
        if (DataModel.FindClass(className) is not { } model || state.Table(model).Find(reference) is not { } row)
        {
            return null;
        }

        return model.FindField("name_label")?.GetValue(row.Record) is string { Length: > 0 } label
            ? label
            : model.FindField("uuid")?.GetValue(row.Record) as string;
    }
}
