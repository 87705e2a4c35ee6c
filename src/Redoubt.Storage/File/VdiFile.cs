using System.Diagnostics.CodeAnalysis;

namespace Redoubt.Storage.FileDriver;

/// <summary>The name of a disk's file: <c>&lt;uuid&gt;.qcow2</c> or <c>&lt;uuid&gt;.raw</c> in the directory of its SR.</summary>
/// <param name="Directory">The SR's directory.</param>
/// <param name="Uuid">The disk.</param>
/// <param name="Format">The format, which is the extension.</param>
internal sealed record VdiFile(string Directory, VdiUuid Uuid, DiskFormat Format)
{
    /// <summary>The absolute path.</summary>
    public string FullPath => Path.Combine(Directory, $"{Uuid}.{DiskFormatName.Of(Format)}");

    /// <summary>The same disk in the other format; only one of the two may exist.</summary>
    public VdiFile Twin => this with { Format = Format == DiskFormat.Raw ? DiskFormat.Qcow2 : DiskFormat.Raw };

    /// <summary>Reads a path, strictly: any other name is no disk.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out VdiFile? file)
    {
        file = null;
        DiskFormat? format = Path.GetExtension(path) switch
        {
            ".raw" => DiskFormat.Raw,
            ".qcow2" => DiskFormat.Qcow2,
            _ => null,
        };
        if (format is null || !VdiUuid.TryParse(Path.GetFileNameWithoutExtension(path), out var uuid))
            return false;
        file = new VdiFile(Path.GetDirectoryName(path) ?? "", uuid, format.Value);
        return true;
    }
}
