using System.Diagnostics.CodeAnalysis;

namespace Redoubt.Storage.FileDriver;

/// <summary>The name of a disk's file: its UUID, and its format after a dot, in the directory of its SR.</summary>
/// <param name="Directory">The SR's directory.</param>
/// <param name="Uuid">The disk.</param>
/// <param name="Format">The format, which is the extension.</param>
internal sealed record VdiFile(string Directory, VdiUuid Uuid, DiskFormat Format)
{
    /// <summary>What the file is called where that is not the SR's to say: an image that somebody else made.</summary>
    public string? Name { get; init; }

    /// <summary>The absolute path.</summary>
    public string FullPath => Path.Combine(Directory, Name ?? $"{Uuid}.{DiskFormatName.Of(Format)}");

    /// <summary>The same disk in all formats, of which only one may exist.</summary>
    public IEnumerable<VdiFile> InAnyFormat => Enum.GetValues<DiskFormat>().Select(f => this with { Format = f });

    /// <summary>Reads a path, strictly: any other name is no disk.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out VdiFile? file)
    {
        file = null;
        DiskFormat? format = Path.GetExtension(path) switch
        {
            ".raw" => DiskFormat.Raw,
            ".qcow2" => DiskFormat.Qcow2,
            ".vhd" => DiskFormat.Vhd,
            _ => null,
        };
        if (format is null || !VdiUuid.TryParse(Path.GetFileNameWithoutExtension(path), out var uuid))
            return false;
        file = new VdiFile(Path.GetDirectoryName(path) ?? "", uuid, format.Value);
        return true;
    }
}
