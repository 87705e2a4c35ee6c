using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The flashes of running UEFI guests, a file each. A file is there from the start of a guest until what it held is in the VM's record:
/// while it is there it is newer than the record, and where there is none the record says everything.
/// <code>
/// start, resume      the record's variables are laid into the file; without any the hypervisor makes a fresh one
/// the guest writes   the file changes, and a moment later the record (FirmwareWatch)
/// the guest ends     the record gets the file's variables in the transaction that says so, then the file goes
/// the daemon dies    the file is there when it starts again, and is dealt with as the guest is found
/// </code>
/// Whoever takes from a file to remove it, or lays one, holds it (<see cref="HoldAsync"/>), or one would remove what the other has laid.
/// </summary>
internal sealed class FirmwareFiles(PoolServices pool)
{
    /// <summary>The VMs with a file.</summary>
    public IReadOnlyList<Guid> All() => System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.EnumerateFiles(Directory, "*.fd").Select(Path.GetFileNameWithoutExtension)
            .Where(name => Guid.TryParseExact(name, "D", out _)).Select(name => Guid.Parse(name!))]
        : [];

    private string Directory => Path.GetDirectoryName(PathOf(Guid.Empty))!;

    /// <summary>Whether a VM has a file.</summary>
    public bool Has(Guid vm) => File.Exists(PathOf(vm));

    /// <summary>Waits until nobody else takes from a VM's file or lays it. Left by disposing of the answer.</summary>
    public Task<IDisposable> HoldAsync(Guid vm, CancellationToken cancellationToken) =>
        pool.Gates.EnterAsync($"firmware of {vm:D}", cancellationToken);

    /// <summary>Where a VM's file is.</summary>
    public string PathOf(Guid vm) => GuestPaths.Of(pool.DataDirectory, vm).Variables;

    /// <summary>Lays the variables of a VM that is about to start. A file that is there is taken into the record first.</summary>
    public async Task LayAsync(Ref<VmRecord> reference)
    {
        var uuid = VmRows.Uuid(pool.State.Get(reference));
        using var held = await HoldAsync(uuid, CancellationToken.None);
        if (TakeFrom(uuid) is { } left)
        {
            await pool.Database.WriteAsync(tx => left(tx, reference), CancellationToken.None);
        }

        Remove(uuid);
        var vm = pool.State.Get(reference);
        if (!FirmwareVariables.AreUsedBy(vm) || !vm.Nvram.TryGetValue(FirmwareVariables.Key, out var text)
            || FirmwareVariables.Decode(text) is not { } store)
        {
            return;
        }

        var path = PathOf(uuid);
        System.IO.Directory.CreateDirectory(Directory);
        await using (var file = new FileStream(path + ".new", new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            await file.WriteAsync(store);

            // Or a power cut may leave an empty file, which would be taken for what the guest wrote.
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Reads a VM's file; answers what writes it into the record, or null if there is nothing to be taken.</summary>
    public Action<Transaction, Ref<VmRecord>>? TakeFrom(Guid uuid)
    {
        byte[] store;
        try
        {
            store = File.ReadAllBytes(PathOf(uuid));
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        // A host that failed may leave a file without content, and what the record has is better than that.
        return FirmwareVariables.IsStore(store) ? (tx, vm) => Keep(tx, vm, FirmwareVariables.Encode(store)) : null;
    }

    /// <summary>Removes a VM's file, if there is one.</summary>
    public void Remove(Guid uuid)
    {
        if (System.IO.Directory.Exists(Directory))
        {
            File.Delete(PathOf(uuid));
        }
    }

    private static void Keep(Transaction tx, Ref<VmRecord> reference, string variables)
    {
        if (tx.Find(reference) is { } vm && vm.Nvram.GetValueOrDefault(FirmwareVariables.Key) != variables)
        {
            tx.Update(reference, v => v with { Nvram = v.Nvram.SetItem(FirmwareVariables.Key, variables) });
        }
    }
}
