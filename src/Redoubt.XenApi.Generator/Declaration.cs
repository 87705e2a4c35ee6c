namespace Redoubt.XenApi.Generator;

/// <summary>One class of the data model, as its <c>.model</c> file declares it.</summary>
internal sealed class ClassDeclaration
{
    public string Name = "";
    public string Kind = "";
    public string GetRole = "read-only";
    public string SetRole = "pool-admin";
    public string? CreateRole;
    public string? DestroyRole;
    public bool HasRecord;
    public bool HasAll;
    public readonly List<FieldDeclaration> Fields = new List<FieldDeclaration>();
    public readonly List<(string Name, string[] Values)> Enums = new List<(string, string[])>();
    public readonly List<MessageDeclaration> Messages = new List<MessageDeclaration>();
}

internal sealed class FieldDeclaration
{
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

    public string ApiName => Column.Replace("__", "_");
}

internal sealed class MessageDeclaration
{
    public string Name = "";
    public List<(string Name, TypeDeclaration Type)> Parameters = new List<(string, TypeDeclaration)>();
    public TypeDeclaration Result = new TypeDeclaration("void");
    public string Role = "";
    public bool NeedsSession = true;
    public bool IsExtension;
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
