using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Redoubt.Storage;

/// <summary>
/// What a hypervisor opens as a disk. A closed set, for a hypervisor is told of each in another way. The format goes along with it: an
/// image whose format is guessed can lie.
/// </summary>
[JsonDerivedType(typeof(File), nameof(File))]
[JsonDerivedType(typeof(Block), nameof(Block))]
[JsonDerivedType(typeof(Network), nameof(Network))]
public abstract record DiskSource
{
    private DiskSource(DiskFormat format) => Format = format;

    /// <summary>The format of what lies there.</summary>
    public DiskFormat Format { get; init; }

    /// <summary>Where it lies, in the hypervisor's own words, by which its complaints name it.</summary>
    public abstract string Place { get; }

    /// <summary>The file of this host that it is; null if it is none.</summary>
    public string? LocalPath => this switch
    {
        File file => file.Path,
        Block block => block.Device,
        _ => null,
    };

    /// <summary>A file.</summary>
    /// <param name="Path">An absolute path on the host.</param>
    /// <param name="Format">Its format.</param>
    public sealed record File(string Path, DiskFormat Format) : DiskSource(Format)
    {
        /// <inheritdoc/>
        public override string Place => Path;
    }

    /// <summary>A block device.</summary>
    /// <param name="Device">An absolute path on the host.</param>
    /// <param name="Format">What is on it.</param>
    public sealed record Block(string Device, DiskFormat Format = DiskFormat.Raw) : DiskSource(Format)
    {
        /// <inheritdoc/>
        public override string Place => Device;
    }

    /// <summary>A disk that the hypervisor reaches over the network by itself.</summary>
    /// <param name="Protocol">How.</param>
    /// <param name="Hosts">Whom it asks; any of them answers for all.</param>
    /// <param name="Name">What the disk is called there.</param>
    public sealed record Network(NetworkProtocol Protocol, ImmutableArray<NetworkHost> Hosts, string Name) : DiskSource(DiskFormat.Raw)
    {
        /// <summary>As whom; null where nobody is asked.</summary>
        public NetworkLogin? Login { get; init; }

        /// <inheritdoc/>
        public override string Place => Name;
    }
}
