namespace Redoubt.Compute;

/// <summary>
/// What a process leaves of its guests on an embedded root when it is killed while it starts one. It is looked through before libvirt is,
/// which would take it for guests.
/// <code>
/// record        process    what becomes of it
/// half started  any        the process ends, the record goes: the guest has not executed an instruction
/// whole         any        libvirt's to take up
/// none, garbled lives      stays, a stray: the guest runs, and libvirt can't know
/// garbled       none       the record goes
/// any           only TPM   the TPM ends, which else would keep its state locked: it is started before the guest, and ends with it
/// </code>
/// Only for a root on which no libvirt runs.
/// </summary>
internal static class HalfStartedGuests
{
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    /// <summary>Clears the root; gives the guests that run and that libvirt has no record of.</summary>
    internal static IReadOnlyList<GuestProcess> Clear(string root)
    {
        var records = Path.Combine(root, "run", "qemu");
        if (!Directory.Exists(records))
            return [];
        var processes = GuestProcess.ListOn(root);
        var whole = new HashSet<string>();
        foreach (var record in Directory.EnumerateFiles(records, "*.xml").ToList())
        {
            var name = Path.GetFileNameWithoutExtension(record);
            var own = processes.Where(p => p.Name == name).ToList();
            var status = GuestStatus.TryRead(record);
            if (status is { IsHalfStarted: false } || (status is not null && !own.TrueForAll(p => p.Kill(KillLimit))))
            {
                // One that can't be ended keeps its record, so that it goes on to be known that it is there.
                whole.Add(name);
            }
            else if (status is not null || own.Count == 0)
            {
                processes.RemoveAll(own.Contains);
                File.Delete(record);
                File.Delete(Path.ChangeExtension(record, ".pid"));
            }
        }

        foreach (var tpm in GuestProcess.ListTpmsOn(root).FindAll(t => !processes.Exists(p => p.Name == t.Name)))
        {
            // One that does not end is told of by the next start of its guest.
            _ = tpm.Kill(KillLimit);
        }

        return processes.FindAll(p => !whole.Contains(p.Name));
    }
}
