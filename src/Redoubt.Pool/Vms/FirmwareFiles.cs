using Redoubt.Compute;
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
    /// <summary>The VMs with a file.</summary>
    public IReadOnlyList<Guid> All()
    {
        var flashes = Directory.Exists(FlashDirectory) ? Directory.EnumerateFiles(FlashDirectory, "*.fd") : [];
        var tpms = Directory.Exists(pool.Hosts.Local.TpmDirectory) ? Directory.EnumerateDirectories(pool.Hosts.Local.TpmDirectory) : [];
        return [.. flashes.Select(Path.GetFileNameWithoutExtension).Concat(tpms.Select(Path.GetFileName))
            .Where(name => Guid.TryParseExact(name, "D", out _)).Select(name => Guid.Parse(name!)).Distinct()];
    }

    private string FlashDirectory => Path.GetDirectoryName(FlashOf(Guid.Empty))!;

    /// <summary>Whether a VM has a file.</summary>
    public bool Has(Guid vm) => File.Exists(FlashOf(vm)) || Directory.Exists(TpmDirectoryOf(vm));

    /// <summary>When each of a VM's files was last written; the same moment of any that is not there.</summary>
    public (DateTime Flash, DateTime Tpm) Written(Guid vm) =>
        (File.GetLastWriteTimeUtc(FlashOf(vm)), TpmOf(vm) is { } tpm ? File.GetLastWriteTimeUtc(tpm) : default);

    /// <summary>Waits until nobody else takes from a VM's file or lays it. Left by disposing of the answer.</summary>
    public Task<IDisposable> HoldAsync(Guid vm, CancellationToken cancellationToken) =>
        pool.Gates.EnterAsync($"firmware of {vm:D}", cancellationToken);

    /// <summary>
    /// Lays what the firmware of a VM that is about to start has kept. A file that is there is taken into the database first.
    /// </summary>
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
        if (FirmwareVariables.AreUsedBy(vm) && vm.Nvram.TryGetValue(FirmwareVariables.Key, out var text)
            && FirmwareVariables.Decode(text) is { } store)
        {
            await LayAsync(FlashOf(uuid), store);
        }

        if (VirtualTpms.Of(pool.State, vm) is { } tpm && VirtualTpms.Contents(pool.State, tpm) is { } contents && TpmOf(uuid) is { } path)
        {
            await LayAsync(path, contents);
        }
    }

    /// <summary>Reads a VM's files; answers what writes them into the database, or null if there is nothing to be taken.</summary>
    public Action<Transaction, Ref<VmRecord>>? TakeFrom(Guid uuid)
    {
        // A host that failed may leave a file without content, and what the database has is better than that.
        var flash = Read(FlashOf(uuid)) is { } store && FirmwareVariables.IsStore(store) ? FirmwareVariables.Encode(store) : null;
        var tpm = TpmOf(uuid) is { } path && Read(path) is { } state && TpmContents.IsState(state) ? TpmContents.Encode(state) : null;
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

    /// <summary>Removes a VM's files, if there are any.</summary>
    public void Remove(Guid uuid)
    {
        if (Directory.Exists(FlashDirectory))
        {
            File.Delete(FlashOf(uuid));
        }

        // With its directory: in one that is there the hypervisor would not make a fresh TPM.
        if (TpmDirectoryOf(uuid) is { } tpm && Directory.Exists(tpm))
        {
            Directory.Delete(tpm, recursive: true);
        }
    }

    private string FlashOf(Guid vm) => pool.Hosts.Local.PathsOf(vm).Variables;

    private string? TpmOf(Guid vm) => pool.Hosts.Local.TpmDirectory is { } all ? TpmStates.FileOf(all, vm) : null;

    private string? TpmDirectoryOf(Guid vm) => pool.Hosts.Local.TpmDirectory is { } all ? Path.Combine(all, vm.ToString("D")) : null;

    private static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static async Task LayAsync(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using (var file = new FileStream(path + ".new", new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            await file.WriteAsync(content);

            // Or a power cut may leave an empty file, which would be taken for what the guest wrote.
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    private static void Keep(Transaction tx, Ref<VmRecord> reference, string variables)
    {
        if (tx.Find(reference) is { } vm && vm.Nvram.GetValueOrDefault(FirmwareVariables.Key) != variables)
        {
            tx.Update(reference, v => v with { Nvram = v.Nvram.SetItem(FirmwareVariables.Key, variables) });
        }
    }
}
