using System.Globalization;

namespace Redoubt.XenApi.Generator;

/// <summary>All that the data model declares, to check what refers to it.</summary>
internal sealed class KnownNames
{
    private readonly Dictionary<string, ClassDeclaration> classes;
    private readonly Dictionary<string, string[]> enums;

    public KnownNames(IReadOnlyCollection<ClassDeclaration> declarations)
    {
        classes = declarations.ToDictionary(c => c.Name);
        enums = declarations.SelectMany(c => c.Enums).ToDictionary(e => e.Name, e => e.Values);
    }

    /// <summary>What is wrong with a type, or null.</summary>
    public string? Problem(TypeDeclaration type) => type.Head switch
    {
        "enum" when !enums.ContainsKey(type.Name!) => $"there is no enum {type.Name}",
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

    /// <summary>What is wrong with a default, or null; the type has been found right.</summary>
    public string? ProblemOfDefault(FieldDeclaration field)
    {
        var text = field.DefaultText;
        var isRight = field.RelationClass != null || text is null || field.Type.Head switch
        {
            "int" => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            "float" => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            "bool" => text is "true" or "false",
            "enum" => enums[field.Type.Name!].Contains(text),
            "set" or "map" => text.StartsWith("(") && text.EndsWith(")"),
            _ => true,
        };
        return isRight ? null : $"the default \"{text}\" of {field.Column} is no {field.Type}";
    }
}
