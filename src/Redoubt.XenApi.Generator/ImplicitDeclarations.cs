namespace Redoubt.XenApi.Generator;

/// <summary>The messages that a class has because of its fields, as <c>ImplicitMessages</c> of the data model derives them.</summary>
internal static class ImplicitDeclarations
{
    private static readonly TypeDeclaration Text = new TypeDeclaration("string");
    private static readonly TypeDeclaration Void = new TypeDeclaration("void");

    public static IEnumerable<MessageDeclaration> Of(ClassDeclaration declaration)
    {
        var reference = new TypeDeclaration("ref", declaration.Name);
        var record = new TypeDeclaration("record", declaration.Name);
        var references = new TypeDeclaration("set", null, reference);
        if (declaration.HasAll)
        {
            yield return Make("get_all", references);
            yield return Make("get_all_records", RecordTable);
            yield return Make("get_all_records_where", RecordTable, ("expr", Text));
        }

        if (declaration.HasRecord)
        {
            yield return Make("get_record", record, ("self", reference));
            yield return Make("get_by_uuid", reference, ("uuid", Text));
            if (declaration.Fields.Exists(f => f.Column == "name__label"))
            {
                yield return Make("get_by_name_label", references, ("label", Text));
            }

            foreach (var field in declaration.Fields.Where(f => f.Access != "HIDDEN"))
            {
                yield return Make("get_" + field.ApiName, FieldType(field), ("self", reference));
            }
        }

        foreach (var message in declaration.Fields.Where(f => f.Access == "RW").SelectMany(f => Writing(f, reference)))
        {
            yield return message;
        }

        if (declaration.CreateRole != null)
        {
            yield return Make("create", reference, ("args", record));
        }

        if (declaration.DestroyRole != null)
        {
            yield return Make("destroy", Void, ("self", reference));
        }
    }

    /// <summary>What a table of records is answered as.</summary>
    public static TypeDeclaration RecordTable { get; } = new TypeDeclaration("records");

    private static IEnumerable<MessageDeclaration> Writing(FieldDeclaration field, TypeDeclaration reference)
    {
        var self = ("self", reference);
        yield return Make("set_" + field.ApiName, Void, self, ("value", field.Type));
        if (field.Type.Head == "map")
        {
            yield return Make("add_to_" + field.ApiName, Void, self, ("key", field.Type.Arguments[0]), ("value", field.Type.Arguments[1]));
            yield return Make("remove_from_" + field.ApiName, Void, self, ("key", field.Type.Arguments[0]));
        }
        else if (field.Type.Head == "set")
        {
            yield return Make("add_" + field.ApiName, Void, self, ("value", field.Type.Arguments[0]));
            yield return Make("remove_" + field.ApiName, Void, self, ("value", field.Type.Arguments[0]));
        }
    }

    // A computed set is sorted, unlike one that is kept.
    private static TypeDeclaration FieldType(FieldDeclaration field) =>
        field.RelationClass is null ? field.Type : new TypeDeclaration("sorted", null, field.Type.Arguments);

    private static MessageDeclaration Make(string name, TypeDeclaration result, params (string Name, TypeDeclaration Type)[] parameters) =>
        new MessageDeclaration { Name = name, Result = result, Parameters = parameters.ToList() };
}
