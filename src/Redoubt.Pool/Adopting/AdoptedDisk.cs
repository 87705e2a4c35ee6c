using Redoubt.Storage;
using Redoubt.Storage.FileDriver;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Finds the disk of the pool that lies at a path. It touches the storage no further than to follow links.</summary>
internal static class AdoptedDisk
{
    /// <summary>The disk; null: no SR that is attached for writing has it.</summary>
    public static Ref<VdiRecord> Find(PoolServices pool, string path)
    {
        if (HostRoots.LeadsNowhere(path))
        {
            return default;
        }

        // A link in the place of the image itself is no image of the folder that it lies in, wherever it leads.
        var image = Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory ? HostRoots.RealPath(directory) : "/", Path.GetFileName(path));
        var (state, at) = (pool.State, pool.Hosts.Local);
        foreach (var (reference, sr) in state.All<SrRecord>())
        {
            var pbd = sr.Pbds.Select(state.Get).FirstOrDefault(p => p.Host == at.Host && p.CurrentlyAttached);
            if (pbd is null || !sr.IntroducedBy.IsNull || !SrUuid.TryParse(sr.Uuid, out var uuid))
            {
                continue;
            }

            var disk = sr.Type switch
            {
                FolderSrDriver.FolderType => FolderSrDriver.DiskOf(uuid, pbd.DeviceConfig, image)?.ToString(),
                "file" => FileSrDriver.DiskOf(uuid, pbd.DeviceConfig, image)?.ToString(),
                _ => null,
            };
            var found = disk is null ? default : state.FindByUuid<VdiRecord>(disk);
            if (state.Find(found) is { Missing: false } vdi && vdi.Sr == reference)
            {
                return found;
            }
        }

        return default;
    }
}
