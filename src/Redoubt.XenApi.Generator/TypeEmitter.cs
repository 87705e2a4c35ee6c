namespace Redoubt.XenApi.Generator;

/// <summary>The C# spelling of a type of the data model, and the expression that makes its codec.</summary>
internal static class TypeEmitter
{
    private static readonly Dictionary<string, (string Clr, string Codec)> Scalars = new Dictionary<string, (string, string)>
    {
        ["string"] = ("string", "XenTypes.String"),
        ["int"] = ("long", "XenTypes.Int"),
        ["float"] = ("double", "XenTypes.Float"),
        ["bool"] = ("bool", "XenTypes.Bool"),
        ["datetime"] = ("global::System.DateTimeOffset", "XenTypes.DateTime"),
        ["void"] = ("string", "XenTypes.Void"),
        ["event_batch"] = ("WireValue", "XenTypes.EventBatch"),
    };

    public static bool IsScalar(string head) => Scalars.ContainsKey(head);

    public static string Clr(TypeDeclaration type) => type.Head switch
    {
        "json" => "string",
        "ref" => $"Ref<{Naming.RecordName(type.Name!)}>",
        "enum" => Naming.Pascal(type.Name!),
        "record" => type.Name == "any" ? "WireValue" : Naming.RecordName(type.Name!),
        "set" => $"global::System.Collections.Immutable.ImmutableList<{Clr(type.Arguments[0])}>",
        "map" => $"global::System.Collections.Immutable.ImmutableSortedDictionary<{Clr(type.Arguments[0])}, {Clr(type.Arguments[1])}>",
        "option" => Clr(type.Arguments[0]) + "?",
        _ => Scalars[type.Head].Clr,
    };

    public static string Codec(TypeDeclaration type) => type.Head switch
    {
        "json" => $"JsonTextType.Of(\"{type.Name}\")",
        "ref" => $"RefType<{Naming.RecordName(type.Name!)}>.Of(\"{type.Name}\")",
        "enum" => $"{Naming.Pascal(type.Name!)}Type.Instance",
        "record" => type.Name == "any" ? "XenTypes.AnyRecord" : $"RecordType<{Naming.RecordName(type.Name!)}>.Of(\"{type.Name}\")",
        "set" => $"SetType<{Clr(type.Arguments[0])}>.Of({Codec(type.Arguments[0])})",
        "map" => $"MapType<{string.Join(", ", type.Arguments.Select(Clr))}>.Of({string.Join(", ", type.Arguments.Select(Codec))})",
        "option" => $"OptionType<{Clr(type.Arguments[0])}>.Of({Codec(type.Arguments[0])})",
        _ => Scalars[type.Head].Codec,
    };
}
