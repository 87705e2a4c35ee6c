using System.Collections.Concurrent;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes into the database what the firmware of adopted VMs keeps, out of the files that their libvirt has it in. Those are only read.
/// </summary>
internal sealed class AdoptedFirmware(PoolServices pool)
{
    private readonly ConcurrentDictionary<Guid, DateTime> _taken = new();

    /// <summary>Takes from each VM whose file has changed since.</summary>
    public async Task TakeAllAsync(CancellationToken cancellationToken)
    {
        foreach (var vm in pool.State.All<VmRecord>().Select(v => v.Record).Where(v => AdoptedVm.Is(v) && FirmwareVariables.AreUsedBy(v)))
        {
            await TakeAsync(VmRows.Uuid(vm), cancellationToken);
        }
    }

    /// <summary>Takes from one, if there is anything that is not in the database yet.</summary>
    public async Task TakeAsync(Guid uuid, CancellationToken cancellationToken)
    {
        var reference = pool.State.FindByUuid<VmRecord>($"{uuid:D}");
        if (pool.State.Find(reference) is not { } vm || !AdoptedVm.Is(vm) || PathOf(vm) is not { } path || Read(uuid, path) is not { } read)
        {
            return;
        }

        var variables = FirmwareVariables.Encode(read.Store);
        if (vm.Nvram.GetValueOrDefault(FirmwareVariables.Key) != variables)
        {
            await pool.Database.WriteAsync(
                tx =>
                {
                    if (tx.Find(reference) is { } now && AdoptedVm.Is(now))
                    {
                        tx.Update(reference, v => v with { Nvram = v.Nvram.SetItem(FirmwareVariables.Key, variables) });
                    }
                },
                cancellationToken);
        }

        // A file system may give two writes in quick succession one time: what is as young as that is read once more.
        if (pool.Time.GetUtcNow().UtcDateTime - read.Written > TimeSpan.FromSeconds(2))
        {
            _taken[uuid] = read.Written;
        }
    }

    private static string? PathOf(VmRecord vm)
    {
        try
        {
            return DomainDefinition.Parse(vm.SnapshotMetadata).NvramPath;
        }
        catch (FormatException)
        {
            return null; // It was judged when it was written down; whoever changed the database has said nothing of firmware.
        }
    }

    // Whatever the path names, nothing but the flash of a firmware is taken from it.
    private (byte[] Store, DateTime Written)? Read(Guid uuid, string path)
    {
        try
        {
            var file = new FileInfo(path);
            var written = file.LastWriteTimeUtc;
            if (!file.Exists || file.LinkTarget is not null || file.Length > FirmwareVariables.BytesMax
                || (_taken.TryGetValue(uuid, out var taken) && taken == written))
            {
                return null;
            }

            var store = File.ReadAllBytes(path);
            return FirmwareVariables.IsStore(store) && File.GetLastWriteTimeUtc(path) == written ? (store, written) : null;
        }
        catch (Exception unseen) when (unseen is IOException or UnauthorizedAccessException)
        {
            return null; // Said when the VM was adopted: what this daemon can't see is not protected.
        }
    }
}
