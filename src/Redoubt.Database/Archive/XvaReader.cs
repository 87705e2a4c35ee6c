using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// Reads VMs with their disks in the form of <c>vm-export</c> (XVA), xapi's or ours, as they come: no more of it is in memory than one
/// chunk.
/// <code>
/// ova.xml                       the VMs (ArchiveReader)
/// Ref:7/00000000                a chunk of the disk that ova.xml calls Ref:7; all but the last have the length of the first
/// Ref:7/00000000.xxhash         XXH64 of it, or .checksum, SHA-1; in hexadecimal digits
/// Ref:7/00000005                what is between is zeros
/// </code>
/// See <c>docs/formats/xva.md</c>. A name in the archive is compared and never used.
/// </summary>
public sealed class XvaReader(Stream archive) : IDisposable
{
    /// <summary>The longest chunk that is read; XenServer writes chunks of 1 MiB.</summary>
    public const int ChunkBytesMax = 16 << 20;

    /// <summary>The longest <c>ova.xml</c> that is read: the metadata of some hundred VMs. Several files may be read at once.</summary>
    public const long TextBytesMax = 16L << 20;

    private const int HashBytesMax = 128;
    private byte[] _chunk = [];
    private (string Name, long Length)? _next;
    private bool _isEnded;

    /// <summary>Whether a chunk that does not agree with its checksum is taken all the same.</summary>
    public bool IgnoresChecksums { get; init; }

    /// <summary>Reads the VMs, which come first.</summary>
    /// <param name="scratch">An empty stream that can be sought, for the text.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR…</c>.</exception>
    public async Task<VmArchive> ReadVmsAsync(Stream scratch, CancellationToken cancellationToken)
    {
        var (name, length) = await PeekAsync(cancellationToken) ?? throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
        if (name != TarMember.Name)
        {
            throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", TarMember.Name, XmlText.Clean(name));
        }

        if (length > TextBytesMax)
        {
            throw Broken($"its {TarMember.Name} has {length} bytes, at most {TextBytesMax} are read");
        }

        var buffer = new byte[64 << 10];
        for (var left = length; left > 0;)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
            await ReadAsync(part, cancellationToken);
            await scratch.WriteAsync(part, cancellationToken);
            left -= part.Length;
        }

        await EndMemberAsync(length, cancellationToken);
        scratch.Position = 0;
        return await Task.Run(() => ArchiveReader.ReadText(scratch, length), cancellationToken);
    }

    /// <summary>What <c>ova.xml</c> calls the disk whose content comes next; null: nothing more comes.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR…</c>.</exception>
    public async Task<string?> NextDiskAsync(CancellationToken cancellationToken)
    {
        while (await PeekAsync(cancellationToken) is { } member)
        {
            // What old ones of xapi write at the end, a table of all checksums, says nothing that has not been checked.
            if (member.Name == "checksum.xml" && member.Length <= TextBytesMax)
            {
                await SkipAsync(member.Length, cancellationToken);
                continue;
            }

            return member.Name.Split('/') is [{ Length: > 0 } disk, _] ? disk
                : throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", "a chunk of a disk", XmlText.Clean(member.Name));
        }

        return null;
    }

    /// <summary>The content of the disk that comes next, to be read to its end before anything else is asked for.</summary>
    /// <param name="disk">What <see cref="NextDiskAsync"/> has said.</param>
    /// <param name="bytes">The size of the disk.</param>
    public Stream OpenDisk(string disk, long bytes) => new XvaDiskStream(this, disk, bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_chunk.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_chunk);
            _chunk = [];
        }
    }

    /// <summary>The next chunk of a disk, checked; it is overwritten by the one after it. Null: none follows.</summary>
    internal async Task<(int Number, ReadOnlyMemory<byte> Content)?> ReadChunkAsync(string disk, CancellationToken cancellationToken)
    {
        if (await PeekAsync(cancellationToken) is not { } member || !member.Name.StartsWith(disk + "/", StringComparison.Ordinal))
        {
            return null;
        }

        if (!int.TryParse(member.Name.AsSpan(disk.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", $"a chunk of {disk}", XmlText.Clean(member.Name));
        }

        if (member.Length > ChunkBytesMax)
        {
            throw Broken($"its chunk {member.Name} has {member.Length} bytes, at most {ChunkBytesMax} are read");
        }

        var content = await ReadMemberAsync(member, cancellationToken);
        await CheckAsync(member.Name, content, cancellationToken);
        return (number, content);
    }

    internal static XenApiException Broken(string what) => new("IMPORT_ERROR", $"the file is damaged: {XmlText.Clean(what)}");

    private async Task CheckAsync(string chunk, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var (name, length) = await PeekAsync(cancellationToken) ?? throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
        var right = !name.StartsWith(chunk, StringComparison.Ordinal) ? null : name[chunk.Length..] switch
        {
            ".xxhash" => XxHash64.Of(content.Span).ToString("X16", CultureInfo.InvariantCulture),
            ".checksum" => Sha1(content.Span),
            _ => null,
        };
        if (right is null || length > HashBytesMax)
        {
            throw new XenApiException("IMPORT_ERROR_UNEXPECTED_FILE", $"the checksum of {chunk}", XmlText.Clean(name));
        }

        var said = new byte[length];
        await ReadAsync(said, cancellationToken);
        await EndMemberAsync(length, cancellationToken);
        if (!IgnoresChecksums && !right.Equals(Encoding.ASCII.GetString(said).Trim(), StringComparison.OrdinalIgnoreCase))
        {
            throw new XenApiException("IMPORT_ERROR_SOME_CHECKSUMS_FAILED");
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security", "CA5350", Justification = "The form has it, against accidents and not against forgers.")]
    private static string Sha1(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA1.HashData(content));

    private async Task<ReadOnlyMemory<byte>> ReadMemberAsync((string Name, long Length) member, CancellationToken cancellationToken)
    {
        var length = (int)member.Length;
        if (_chunk.Length < length)
        {
            Dispose();
            _chunk = ArrayPool<byte>.Shared.Rent(length);
        }

        await ReadAsync(_chunk.AsMemory(0, length), cancellationToken);
        await EndMemberAsync(length, cancellationToken);
        return _chunk.AsMemory(0, length);
    }

    private async Task<(string Name, long Length)?> PeekAsync(CancellationToken cancellationToken)
    {
        if (_next is null && !_isEnded)
        {
            var header = new byte[TarMember.BlockBytes];
            await ReadAsync(header, cancellationToken);
            _next = TarMember.Parse(header);
            _isEnded = _next is null;
        }

        return _next;
    }

    private async Task SkipAsync(long length, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        for (var left = length; left > 0; left -= Math.Min(buffer.Length, left))
        {
            await ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
        }

        await EndMemberAsync(length, cancellationToken);
    }

    private async Task EndMemberAsync(long length, CancellationToken cancellationToken)
    {
        await ReadAsync(new byte[TarMember.Padding(length)], cancellationToken);
        _next = null;
    }

    private async Task ReadAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        try
        {
            if (await archive.ReadAtLeastAsync(into, into.Length, throwOnEndOfStream: false, cancellationToken) < into.Length)
            {
                throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
            }
        }
        catch (InvalidDataException wrong)
        {
            throw new XenApiException(wrong, "IMPORT_ERROR", $"the file is damaged: {XmlText.Clean(wrong.Message)}");
        }
    }
}
