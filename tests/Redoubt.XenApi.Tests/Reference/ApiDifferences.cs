using System.Text.Json;

namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Compares the declaration with xapi's own listing of its API, and keeps a line for each difference.</summary>
internal sealed class ApiDifferences
{
    private readonly List<string> differences = [];

    public static IReadOnlyList<string> Find(JsonElement reference)
    {
        var found = new ApiDifferences();
        found.Compare(reference);
        return found.differences;
    }

    private void Compare(JsonElement reference)
    {
        var classes = reference.EnumerateArray().ToDictionary(Name);
        Same("API", "class", classes.Keys, DataModel.Classes.Values.Where(c => !c.IsExtension).Select(c => c.Name));
        foreach (var (name, theirs) in classes)
        {
            if (DataModel.Classes.TryGetValue(name, out var ours))
            {
                CompareFields(theirs, ours);
                CompareMessages(theirs, ours);
            }
        }

        CompareEnums(classes.Values);
    }

    private void CompareFields(JsonElement theirs, ClassModel ours)
    {
        var fields = theirs.GetProperty("fields").EnumerateArray().ToList();
        Same(ours.Name, "field", fields.Select(Name), ours.Fields.Where(f => !f.IsExtension).Select(f => f.Name));
        foreach (var field in fields)
        {
            if (ours.FindField(Name(field)) is not { } declared)
            {
                continue;
            }

            var at = $"{ours.Name}.{declared.Name}";
            Equal(at, "type", ReferenceSpelling.Type(Text(field, "type")), declared.Type.Name);
            Equal(at, "access", ReferenceSpelling.Access(Text(field, "qualifier")), declared.Access);

            // The listing leaves out the defaults of computed sets; those stand in the list of columns only.
            if (field.TryGetProperty("default", out var text))
            {
                Equal(at, "default", ReferenceSpelling.Default(text.GetString()!), declared.DefaultText);
            }
        }
    }

    private void CompareMessages(JsonElement theirs, ClassModel ours)
    {
        var messages = theirs.GetProperty("messages").EnumerateArray().ToList();
        Same(
            ours.Name, "message", messages.Select(Name).Order(),
            ours.Messages.Values.Where(m => !m.IsExtension).Select(m => m.Name).Order());
        foreach (var message in messages)
        {
            if (ours.Messages.TryGetValue(Name(message), out var declared))
            {
                CompareMessage($"{ours.Name}.{declared.Name}()", message, ours, declared);
            }
        }
    }

    private void CompareMessage(string at, JsonElement theirs, ClassModel ours, MessageModel declared)
    {
        var parameters = theirs.GetProperty("params").EnumerateArray().ToList();
        var needsSession = parameters.Count > 0 && Name(parameters[0]) == "session_id";
        Equal(at, "session", needsSession, declared.NeedsSession);
        Equal(
            at,
            "parameters",
            string.Join(", ", parameters.Skip(needsSession ? 1 : 0).Select(p => $"{Name(p)}: {ReferenceSpelling.Type(Text(p, "type"))}")),
            string.Join(", ", declared.Parameters.Select(p => $"{p.Name}: {p.Type.Name}")));
        var result = declared.Result == XenTypes.RecordMap ? $"map(ref {ours.Name},record {ours.Name})" : declared.Result.Name;
        Equal(at, "result", ReferenceSpelling.Type(theirs.GetProperty("result")[0].GetString()!), result);
        Equal(at, "roles", string.Join(' ', Texts(theirs, "roles")), string.Join(' ', RoleNames.Of(declared.Roles)));
        Equal(
            at, "errors", string.Join(' ', theirs.GetProperty("errors").EnumerateArray().Select(Name)), string.Join(' ', declared.Errors));
        Equal(at, "implicit", theirs.GetProperty("implicit").GetBoolean(), declared.Implicit != ImplicitKind.None);
    }

    private void CompareEnums(IEnumerable<JsonElement> classes)
    {
        var ours = DeclaredEnums.All();
        var theirs = classes.SelectMany(c => c.GetProperty("enums").EnumerateArray())
            .Select(e => (Name: Name(e), Values: string.Join(' ', e.GetProperty("values").EnumerateArray().Select(Name))))
            .Distinct().ToList();
        Same("API", "enum", theirs.Select(e => e.Name), ours.Keys.Except(DeclaredEnums.OfExtensions()));
        foreach (var (name, values) in theirs)
        {
            if (ours.TryGetValue(name, out var declared))
            {
                Equal("enum " + name, "values", values, string.Join(' ', declared.Values));
            }
        }
    }

    private void Same(string at, string kind, IEnumerable<string> theirs, IEnumerable<string> ours)
    {
        var (reference, declared) = (theirs.ToList(), ours.ToList());
        differences.AddRange(reference.Except(declared).Select(name => $"{at}: the {kind} {name} is not declared"));
        differences.AddRange(declared.Except(reference).Select(name => $"{at}: the {kind} {name} is declared, but XenAPI has none"));
    }

    private void Equal<T>(string at, string what, T theirs, T? ours)
    {
        if (!EqualityComparer<T>.Default.Equals(theirs, ours!))
        {
            differences.Add($"{at}: {what} is <{theirs}>, declared <{ours}>");
        }
    }

    private static string Name(JsonElement element) => Text(element, "name");

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    private static IEnumerable<string> Texts(JsonElement element, string property) =>
        element.GetProperty(property).EnumerateArray().Select(e => e.GetString()!);
}
