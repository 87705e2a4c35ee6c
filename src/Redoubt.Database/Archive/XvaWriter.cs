using System.Globalization;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>Writes VMs with their disks in the form that <see cref="XvaReader"/> reads.</summary>
public sealed class XvaWriter(Stream archive)
{
    private const int ChunkBytes = 1 << 20;

    private readonly byte[] _chunk = new byte[ChunkBytes];

    /// <summary>Writes the VMs, which come first.</summary>
    /// <param name="state">The database that they are in.</param>
    /// <param name="vms">The VMs.</param>
    /// <param name="now">The time that the archive says it was made at.</param>
    /// <param name="scratch">An empty stream that can be sought, for the text.</param>
    /// <param name="keys">Seals the secrets in it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The disks that must follow, in this order, each with what the file calls it.</returns>
    public async Task<IReadOnlyList<(string Name, Ref<VdiRecord> Vdi)>> WriteVmsAsync(
        DatabaseState state, IReadOnlyList<Ref<VmRecord>> vms, DateTimeOffset now, Stream scratch, KeyRing? keys,
        CancellationToken cancellationToken)
    {
        var options = new ArchiveOptions(Snapshots: false);
        var ids = await Task.Run(() => ArchiveWriter.WriteText(state, vms, options, now, scratch, keys), cancellationToken);
        scratch.Position = 0;
        await archive.WriteAsync(TarMember.Header(TarMember.Name, scratch.Length), cancellationToken);
        await scratch.CopyToAsync(archive, cancellationToken);
        await archive.WriteAsync(new byte[TarMember.Padding(scratch.Length)], cancellationToken);
        return
        [
            .. vms.SelectMany(vm => DisksOf(state, state.Get(vm))).Distinct().Where(d => ids.ContainsKey(d.Opaque))
                .Select(d => (Name: ids[d.Opaque], Vdi: d)).OrderBy(d => d.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The disks that go along with a VM: those that it writes to, and not what is in its CD drives.</summary>
    public static IEnumerable<Ref<VdiRecord>> DisksOf(DatabaseState state, VmRecord vm) => vm.Vbds.Select(state.Find).OfType<VbdRecord>()
        .Where(b => b.Type != VbdType.Cd && state.Find(b.Vdi) is not null).Select(b => b.Vdi).Distinct();

    /// <summary>Writes a disk: its first and last chunk, and each between them that is not all zeros.</summary>
    /// <param name="name">What the file calls it.</param>
    /// <param name="content">All of its bytes.</param>
    /// <param name="bytes">How many these are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task WriteDiskAsync(string name, Stream content, long bytes, CancellationToken cancellationToken)
    {
        var at = 0L;
        for (var number = 0; at < bytes; number++)
        {
            var part = _chunk.AsMemory(0, (int)Math.Min(ChunkBytes, bytes - at));
            await content.ReadExactlyAsync(part, cancellationToken);
            at += part.Length;
            if (number == 0 || at == bytes || part.Span.ContainsAnyExcept((byte)0))
            {
                var file = string.Create(CultureInfo.InvariantCulture, $"{name}/{number:D8}");
                await WriteMemberAsync(file, part, cancellationToken);
                var hash = XxHash64.Of(part.Span).ToString("X16", CultureInfo.InvariantCulture);
                await WriteMemberAsync(file + ".xxhash", Encoding.ASCII.GetBytes(hash), cancellationToken);
            }
        }
    }

    /// <summary>Writes the archive's end.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await archive.WriteAsync(new byte[2 * TarMember.BlockBytes], cancellationToken);
        await archive.FlushAsync(cancellationToken);
    }

    private async Task WriteMemberAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await archive.WriteAsync(TarMember.Header(name, content.Length), cancellationToken);
        await archive.WriteAsync(content, cancellationToken);
        await archive.WriteAsync(new byte[TarMember.Padding(content.Length)], cancellationToken);
    }
}
