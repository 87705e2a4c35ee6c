using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Archive;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The metadata of VMs out of the pool and into it, as archives in the form of XenServer's <c>vm-export metadata=true</c>.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "Lives as long as the process, and its semaphore has no handle.")]
public sealed class VmMetadata
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly PoolServices _pool;
    private readonly Recoverer _recoverer;

    internal VmMetadata(PoolServices pool, Recoverer recoverer) => (_pool, _recoverer) = (pool, recoverer);

    /// <summary>All VMs but the templates that came with the product.</summary>
    /// <param name="state">The database that they are in.</param>
    /// <param name="controlDomains">Whether control domains are among them.</param>
    public static IReadOnlyList<Ref<VmRecord>> All(DatabaseState state, bool controlDomains) =>
    [
        .. state.All<VmRecord>()
            .Where(v => !v.Record.IsDefaultTemplate && v.Record.OtherConfig.GetValueOrDefault("default_template") != "true"
                && !v.Record.IsASnapshot && (controlDomains || !v.Record.IsControlDomain))
            .OrderBy(v => v.Record.NameLabel, StringComparer.Ordinal).ThenBy(v => v.Record.Uuid, StringComparer.Ordinal)
            .Select(v => v.Ref),
    ];

    /// <summary>Writes an archive.</summary>
    /// <param name="state">The database that the VMs are in: this pool's, or a foreign one.</param>
    /// <param name="vms">The VMs.</param>
    /// <param name="options">What goes with them.</param>
    /// <param name="archive">Where to.</param>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: a snapshot goes with its VM, not by itself.
    /// <c>HANDLE_INVALID</c>.</exception>
    public void Export(DatabaseState state, IReadOnlyList<Ref<VmRecord>> vms, ArchiveOptions options, Stream archive)
    {
        if (vms.Select(state.Get).FirstOrDefault(v => v.IsASnapshot) is { } snapshot)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"{snapshot.NameLabel} ({snapshot.Uuid}) is a snapshot. It is exported with its VM.");
        }

        using var scratch = _pool.OpenScratch("export");
        ArchiveWriter.Write(state, vms, options, _pool.Time.GetUtcNow(), archive, scratch, _pool.KeyRing);
    }

    /// <summary>Recreates the VMs of an archive, all or none.</summary>
    /// <exception cref="XenApiException">It is no archive, or something stands in the way; nothing has changed.</exception>
    public async Task<VmImportOutcome> ImportAsync(Stream archive, VmImport how, CancellationToken cancellationToken)
    {
        // One at a time: what an archive unfolds to is held in memory.
        await _one.WaitAsync(cancellationToken);
        try
        {
            var state = await Task.Run(() => _pool.KeyRing.Open(VmArchive.Open([ArchiveReader.Read(archive)])), cancellationToken);
            return await MakeAsync(state, how, null, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Recreates the VMs of an archive that has been read, all or none.</summary>
    /// <param name="state">What the archive holds.</param>
    /// <param name="how">How.</param>
    /// <param name="withDisks">What is to happen in the same transaction, for VMs whose disks have come along; null: their disks are there
    /// already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<VmImportOutcome> MakeAsync(
        DatabaseState state, VmImport how, Action<Transaction>? withDisks, CancellationToken cancellationToken)
    {
        var vms = VmArchive.Vms(state);
        if (vms.Count == 0)
        {
            throw new XenApiException("IMPORT_ERROR", "the file holds no VM");
        }

        RequireUsed(state, how.Disks);
        var options = new RecoveryOptions
        {
            Force = how.Force,
            MayAdoptStorage = how.MayAdoptStorage,
            KeepsHandOver = !how.MayAdoptStorage,
            IsUnproven = true,
            AsCopies = !how.Restore,
            Disks = how.Disks,
            IsWithoutMemory = withDisks is not null,
            Finish = withDisks,
        };
        var outcome = how.DryRun
            ? await _recoverer.TryAsync(state, vms, null, options, cancellationToken)
            : await _recoverer.RunAsync(state, vms, null, options, cancellationToken);
        return new(
            how.DryRun ? [] : outcome.Vms,
            [.. vms.Select(state.Get).Select(v => $"{v.NameLabel} ({v.Uuid})")],
            [.. outcome.Notices.Select(n => n.Text)]);
    }

    // A disk that is misspelled would be looked for on the storage instead, and perhaps be found there.
    private static void RequireUsed(DatabaseState state, ImmutableSortedDictionary<string, string> disks)
    {
        var known = state.All<VdiRecord>().SelectMany(v => new[] { v.Record.Uuid, v.Record.SmConfig.GetValueOrDefault("SCSIid", "") })
            .ToHashSet(StringComparer.Ordinal);
        if (disks.Keys.FirstOrDefault(k => !known.Contains(k)) is { } unknown)
        {
            throw new XenApiException("INVALID_VALUE", "vdi", unknown);
        }
    }
}
