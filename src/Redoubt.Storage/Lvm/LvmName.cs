using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Redoubt.Storage.LvmDriver;

/// <summary>
/// What a logical volume of an SR is called in its volume group. All that is known of a disk without reading it is in there and in the
/// volume's tags, so that no guest can change it.
/// <code>
/// redoubt-SR             the volume group of an SR
///   redoubt              written to, to find out whether the storage takes writes
///   VDI                  a disk                          VDI.m   a metadata volume
///   ….next               what takes the place of the disk without that ending: the disk itself, where there is none
///   ….nXXXXXX            what is being made, or is being removed
/// </code>
/// </summary>
internal sealed partial record LvmName
{
    /// <summary>The ending of what is whole, and about to take its place.</summary>
    public const string Next = "next";

    /// <summary>The volume that is written to, to find out whether the storage takes writes.</summary>
    public const string Proof = "redoubt";

    /// <summary>Whom the volume group says that it belongs to: without that word LVM's tools leave it alone.</summary>
    public const string System = "redoubt";

    /// <summary>The disk.</summary>
    public required VdiUuid Vdi { get; init; }

    /// <summary>Whether the disk is a metadata volume.</summary>
    public bool IsMetadata { get; init; }

    /// <summary>What is going on with it; null: it is there.</summary>
    public string? Step { get; init; }

    /// <summary>The type of the disk.</summary>
    public VdiType Type => IsMetadata ? VdiType.Metadata : VdiType.User;

    /// <summary>Whether it counts as its disk, as long as no other does.</summary>
    public bool IsNow => Step is null or Next;

    /// <summary>The same, as something that is being made.</summary>
    public LvmName Making() => this with { Step = $"n{Guid.NewGuid():N}"[..7] };

    /// <summary>The volume group of an SR.</summary>
    public static string GroupOf(SrUuid sr) => $"redoubt-{sr}";

    /// <summary>The SR whose volume group it is; null if it is none of ours.</summary>
    public static SrUuid? SrOf(string group) =>
        group.StartsWith("redoubt-", StringComparison.Ordinal) && SrUuid.TryParse(group["redoubt-".Length..], out var sr) ? sr : null;

    /// <summary>The SR of XenServer's whose volume group it is; null if it is none of those.</summary>
    public static SrUuid? XenServerSrOf(string group) =>
        group.StartsWith("VG_XenStorage-", StringComparison.Ordinal) && SrUuid.TryParse(group["VG_XenStorage-".Length..], out var sr)
            ? sr : null;

    /// <summary>Reads a name; what is none is somebody else's volume.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out LvmName? name)
    {
        name = null;
        if (Form().Match(text) is not { Success: true } read || !VdiUuid.TryParse(read.Groups["vdi"].Value, out var vdi))
            return false;
        name = new LvmName
        {
            Vdi = vdi,
            IsMetadata = read.Groups["metadata"].Success,
            Step = read.Groups["step"] is { Success: true } step ? step.Value : null,
        };
        return true;
    }

    /// <summary>The name.</summary>
    public override string ToString() => $"{Vdi}{(IsMetadata ? ".m" : "")}{(Step is null ? "" : $".{Step}")}";

    [GeneratedRegex(
        @"^(?<vdi>[0-9a-f-]{36})(?<metadata>\.m)?(?:\.(?<step>next|n[0-9a-f]{6}))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
