namespace Redoubt.XenApi.Generator;

/// <summary>One class of the data model, as its <c>.model</c> file declares it.</summary>
internal sealed class ClassDeclaration
{
    public string Path = "";
    public int Line;
    public string Name = "";
    public string Kind = "";
    public string GetRole = "read-only";
    public string SetRole = "pool-admin";
    public string? CreateRole;
    public string? DestroyRole;
    public bool HasRecord;
    public bool HasAll;
    public bool IsExtension;
    public readonly List<FieldDeclaration> Fields = new List<FieldDeclaration>();
    public readonly List<EnumDeclaration> Enums = new List<EnumDeclaration>();
    public readonly List<MessageDeclaration> Messages = new List<MessageDeclaration>();

    /// <summary>What is wrong in the file; a line with an error declares nothing.</summary>
    public readonly List<ModelError> Errors = new List<ModelError>();

    public void Report(int line, string message) => Errors.Add(new ModelError(Path, line, message));
}

internal sealed class EnumDeclaration
{
    public int Line;
    public string Name = "";
    public string[] Values = Array.Empty<string>();
}

internal sealed class FieldDeclaration
{
    public int Line;
    public string Column = "";
    public TypeDeclaration Type = new TypeDeclaration("string");
    public string Access = "RO";
    public bool IsVolatile;
    public bool HasNoColumn;
    public bool IsExtension;
    public string? RelationClass;
    public string? RelationField;
    public string? GetRole;
    public string? SetRole;
    public string? DefaultText;

    /// <summary>Keys of a map, each with the role that may add and remove it.</summary>
    public readonly List<(string Key, string Role)> KeyRoles = new List<(string, string)>();

    public string ApiName => Column.Replace("__", "_");
}

internal sealed class MessageDeclaration
{
    public int Line;
    public string Name = "";
    public List<(string Name, TypeDeclaration Type)> Parameters = new List<(string, TypeDeclaration)>();
    public TypeDeclaration Result = new TypeDeclaration("void");
    public string Role = "";
    public bool NeedsSession = true;
    public bool IsExtension;
    public string Summary = "";
    public string[] Errors = Array.Empty<string>();
}

/// <summary>A type expression: a head word (<c>set</c>, <c>ref</c>, <c>string</c> …) and what it is applied to.</summary>
internal sealed class TypeDeclaration
{
    public TypeDeclaration(string head, string? name = null, params TypeDeclaration[] arguments)
    {
        Head = head;
        Name = name;
        Arguments = arguments;
    }

    public string Head { get; }

    public string? Name { get; }

    public TypeDeclaration[] Arguments { get; }

    public override string ToString() => Arguments.Length > 0
        ? $"{Head}({string.Join(",", Arguments.Select(a => a.ToString()))})"
        : Name is null ? Head : $"{Head} {Name}";
}
