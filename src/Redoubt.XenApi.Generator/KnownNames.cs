namespace Redoubt.XenApi.Generator;

/// <summary>All that the data model declares, to check what refers to it.</summary>
internal sealed class KnownNames
{
    private readonly Dictionary<string, ClassDeclaration> classes;
    private readonly HashSet<string> enums;

    public KnownNames(IReadOnlyCollection<ClassDeclaration> declarations)
    {
        classes = declarations.ToDictionary(c => c.Name);
        enums = new HashSet<string>(declarations.SelectMany(c => c.Enums).Select(e => e.Name), StringComparer.Ordinal);
    }

    /// <summary>What is wrong with a type, or null.</summary>
    public string? Problem(TypeDeclaration type) => type.Head switch
    {
        "enum" when !enums.Contains(type.Name!) => $"there is no enum {type.Name}",
        "record" when type.Name == "any" => null,
        "ref" or "record" when !classes.ContainsKey(type.Name!) => $"there is no class {type.Name}",
        _ => type.Arguments.Select(Problem).FirstOrDefault(problem => problem != null),
    };

    /// <summary>What is wrong with where a computed set comes from, or null.</summary>
    public string? ProblemOfRelation(FieldDeclaration field)
    {
        if (field.RelationClass is null)
        {
            return null;
        }

        if (field.Type.Head != "set" || field.Type.Arguments[0] is not { Head: "ref" } element || element.Name != field.RelationClass)
        {
            return $"{field.Column} is computed from {field.RelationClass}, so its type must be set(ref {field.RelationClass})";
        }

        return classes[field.RelationClass].Fields.Exists(f => f.Column == field.RelationField)
            ? null
            : $"the class {field.RelationClass} has no column {field.RelationField}";
    }
}
