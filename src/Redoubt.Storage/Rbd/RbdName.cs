using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Redoubt.Storage.RbdDriver;

/// <summary>
/// What an image of an SR is called in its pool. All that is known of a disk without reading it is in there, so that no guest can change
/// it.
/// <code>
/// redoubt.SR             the SR: an empty image, which is there as long as the SR is
/// redoubt.SR.VDI         a disk                          redoubt.SR.VDI.m   a metadata volume
/// ….next                 what takes the place of the disk without that ending: the disk itself, where there is none
/// ….nXXXXXX              what is being made, or is being removed
/// redoubt-t.…            the same of clones for tests
/// </code>
/// </summary>
internal sealed partial record RbdName
{
    /// <summary>The ending of what is whole, and about to take its place.</summary>
    public const string Next = "next";

    /// <summary>Whether it is of a clone for tests.</summary>
    public required bool IsForTests { get; init; }

    /// <summary>The SR.</summary>
    public required SrUuid Sr { get; init; }

    /// <summary>The disk; null for the SR itself.</summary>
    public VdiUuid? Vdi { get; init; }

    /// <summary>Whether the disk is a metadata volume.</summary>
    public bool IsMetadata { get; init; }

    /// <summary>What is going on with it; null: it is there.</summary>
    public string? Step { get; init; }

    /// <summary>The type of the disk.</summary>
    public VdiType Type => IsMetadata ? VdiType.Metadata : VdiType.User;

    /// <summary>The same, as something that is being made.</summary>
    public RbdName Making() => this with { Step = $"n{Guid.NewGuid():N}"[..7] };

    /// <summary>Reads a name; what is none is somebody else's image.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RbdName? name)
    {
        name = null;
        if (Form().Match(text) is not { Success: true } read || !SrUuid.TryParse(read.Groups["sr"].Value, out var sr))
            return false;
        VdiUuid? vdi = null;
        if (read.Groups["vdi"] is { Success: true } written)
        {
            if (!VdiUuid.TryParse(written.Value, out var uuid))
                return false;
            vdi = uuid;
        }

        name = new RbdName
        {
            IsForTests = read.Groups["test"].Success,
            Sr = sr,
            Vdi = vdi,
            IsMetadata = read.Groups["metadata"].Success,
            Step = read.Groups["step"] is { Success: true } step ? step.Value : null,
        };
        return true;
    }

    /// <summary>The name.</summary>
    public override string ToString() =>
        $"redoubt{(IsForTests ? "-t" : "")}.{Sr}{(Vdi is null ? "" : $".{Vdi}")}{(IsMetadata ? ".m" : "")}"
            + (Step is null ? "" : $".{Step}");

    [GeneratedRegex(
        @"^redoubt(?<test>-t)?\.(?<sr>[0-9a-f-]{36})(?:\.(?<vdi>[0-9a-f-]{36})(?<metadata>\.m)?(?:\.(?<step>next|n[0-9a-f]{6}))?)?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
