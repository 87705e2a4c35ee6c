using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What the firmware of running guests keeps, a file each: the flash of one that boots through UEFI, the state of a TPM. A file is there
/// from the start of a guest until what it held is in the database: while it is there it is newer, and where there is none the database
/// says everything.
/// <code>
/// start, resume      what the database has is laid into the file; without any the hypervisor makes a fresh one
/// the guest writes   the file changes, and a moment later the database (FirmwareWatch)
/// the guest ends     the database gets the file's content in the transaction that says so, then the file goes
/// the daemon dies    the file is there when it starts again, and is dealt with as the guest is found
/// </code>
/// Whoever takes from a file to remove it, or lays one, holds it (<see cref="HoldAsync"/>), or one would remove what the other has laid.
/// </summary>
internal sealed class FirmwareFiles(PoolServices pool)
{
    /// <summary>The VMs of which a host has a file, and when each was last written.</summary>
    public static Task<IReadOnlyList<FirmwareTimes>> AllAsync(HostLink at, CancellationToken cancellationToken) =>
        at.Acts.ListFirmwareAsync(cancellationToken);

    /// <summary>Whether a host has a file of a VM.</summary>
    public static async Task<bool> HasAsync(HostLink at, Guid vm, CancellationToken cancellationToken) =>
        (await AllAsync(at, cancellationToken)).Any(f => f.Vm == vm);

    /// <summary>Waits until nobody else takes from a VM's file or lays it. Left by disposing of the answer.</summary>
    public Task<IDisposable> HoldAsync(Guid vm, CancellationToken cancellationToken) =>
        pool.Gates.EnterAsync($"firmware of {vm:D}", cancellationToken);

    /// <summary>
    /// Lays what the firmware of a VM that is about to start at a host has kept. A file that is there is taken into the database first.
    /// </summary>
    public async Task LayAsync(HostLink at, Ref<VmRecord> reference)
    {
        var uuid = VmRows.Uuid(pool.State.Get(reference));
        using var held = await HoldAsync(uuid, CancellationToken.None);
        if (at == pool.Hosts.Local && await TakeFromAsync(at, uuid) is { } left)
        {
            // Of a daemon that was killed. At another host only what is known to have run there has left something that counts.
            await pool.Database.WriteAsync(tx => left(tx, reference), CancellationToken.None);
        }

        var vm = pool.State.Get(reference);
        var flash = FirmwareVariables.AreUsedBy(vm) && vm.Nvram.TryGetValue(FirmwareVariables.Key, out var text)
            ? FirmwareVariables.Decode(text)
            : null;
        var contents = VirtualTpms.Of(pool.State, vm) is { } tpm ? VirtualTpms.Contents(pool.State, tpm) : null;
        await at.Acts.LayFirmwareAsync(uuid, new(flash, contents), CancellationToken.None);
    }

    /// <summary>Reads a VM's files; answers what writes them into the database, or null if there is nothing to be taken.</summary>
    public static async Task<Action<Transaction, Ref<VmRecord>>?> TakeFromAsync(HostLink at, Guid uuid)
    {
        // A host that failed may leave a file without content, and what the database has is better than that.
        var found = await at.Acts.ReadFirmwareAsync(uuid, CancellationToken.None);
        var flash = found.Flash is { } store && FirmwareVariables.IsStore(store) ? FirmwareVariables.Encode(store) : null;
        var tpm = found.Tpm is { } state && TpmContents.IsState(state) ? TpmContents.Encode(state) : null;
        return flash is null && tpm is null ? null : (tx, vm) =>
        {
            if (flash is not null)
            {
                Keep(tx, vm, flash);
            }

            if (tpm is not null)
            {
                VirtualTpms.Keep(tx, vm, tpm);
            }
        };
    }

    /// <summary>Removes a VM's files from a host, if there are any.</summary>
    public static Task RemoveAsync(HostLink at, Guid uuid) =>
        at.Acts.LayFirmwareAsync(uuid, FirmwareContent.None, CancellationToken.None);

    private static void Keep(Transaction tx, Ref<VmRecord> reference, string variables)
    {
        if (tx.Find(reference) is { } vm && vm.Nvram.GetValueOrDefault(FirmwareVariables.Key) != variables)
        {
            tx.Update(reference, v => v with { Nvram = v.Nvram.SetItem(FirmwareVariables.Key, variables) });
        }
    }
}
