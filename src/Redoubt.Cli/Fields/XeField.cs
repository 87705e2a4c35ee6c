namespace Redoubt.Cli.Fields;

/// <summary>One field as xe shows it: its name with dashes, its access, and where in the record its value lies.</summary>
internal sealed record XeField
{
    /// <summary>What a field shows whose object is not there.</summary>
    public const string Absent = "<not in database>";

    public required string Name { get; init; }

    public required FieldKind Kind { get; init; }

    /// <summary>Whether it can be set, added to or removed from.</summary>
    public required bool IsWritable { get; init; }

    /// <summary>
    /// The way to the value: a field of the record; <c>ref&gt;field</c>, a field of the object that it refers to; <c>?message</c>, what the
    /// server answers about the object; <c>!rule</c>, a rule of <see cref="SpecialFields"/>.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>What is shown where the object on the way does not exist.</summary>
    public string Otherwise { get; init; } = Absent;

    /// <summary>It takes calls of its own, so lists leave it out.</summary>
    public bool IsExpensive { get; init; }

    /// <summary>It is shown only by param-get.</summary>
    public bool IsHidden { get; init; }

    public bool IsDeprecated { get; init; }

    /// <summary>Whether filters ignore the case of letters.</summary>
    public bool IgnoresCase { get; init; }

    /// <summary>What stands between the elements of a set.</summary>
    public string Separator { get; init; } = "; ";

    /// <summary>The record's field that is written; null if the value is not the record's own.</summary>
    public string? ApiField => Source.AsSpan().ContainsAny(">?!") ? null : Source;

    /// <summary>The name with the access after it, as lists print it.</summary>
    public string Title => $"{Name} ({Access})" + (IsDeprecated ? " [DEPRECATED]" : "");

    private string Access => Kind switch
    {
        FieldKind.Set => IsWritable ? "SRW" : "SRO",
        FieldKind.Map => IsWritable ? "MRW" : "MRO",
        FieldKind.Scalar => IsWritable ? " RW" : " RO",
    };
}
