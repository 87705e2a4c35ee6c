using System.Diagnostics.CodeAnalysis;

namespace Redoubt.Storage.Images;

/// <summary>What came of reading a qcow2 header: the header, or what is wrong with it. Exactly one of the two is there.</summary>
public sealed record Qcow2ParseResult
{
    private Qcow2ParseResult(Qcow2Header? header, string? problem)
    {
        Header = header;
        Problem = problem;
    }

    /// <summary>The header, if it is sound.</summary>
    public Qcow2Header? Header { get; }

    /// <summary>What is wrong, in words for an operator.</summary>
    public string? Problem { get; }

    /// <summary>Whether the header is sound.</summary>
    [MemberNotNullWhen(true, nameof(Header))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsSound => Header is not null;

    internal static Qcow2ParseResult Sound(Qcow2Header header) => new(header, null);

    internal static Qcow2ParseResult Broken(string problem) => new(null, problem);
}
