using Redoubt.XenApi;

namespace Redoubt.Storage.FileDriver;

/// <summary>Looks at one SR without attaching it and without writing anything.</summary>
internal static class SrProbe
{
    /// <summary>Lists an SR. Whatever is wrong with it becomes a reason, so that it hides no other SR.</summary>
    public static ProbedSr Look(SrUuid uuid, string path, string? backingDirectory, CancellationToken cancellationToken)
    {
        var directory = new SrDirectory(uuid, path, backingDirectory);
        try
        {
            directory.RequireExists();
            var metadata = directory.Scan(cancellationToken).Where(vdi => vdi.Type == VdiType.Metadata).Select(vdi => new ProbedMetadata
            {
                Uuid = vdi.Uuid,
                VirtualSizeBytes = vdi.VirtualSizeBytes,
            });
            var volume = new DriveInfo(path);
            return new ProbedSr
            {
                Uuid = uuid,
                PhysicalSizeBytes = volume.TotalSize,
                PhysicalUtilisationBytes = volume.TotalSize - volume.TotalFreeSpace,
                Metadata = [.. metadata],
            };
        }
        catch (XenApiException e)
        {
            return Unreadable(uuid, e.Parameters[1]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unreadable(uuid, e.Message);
        }
    }

    private static ProbedSr Unreadable(SrUuid uuid, string reason)
        => new() { Uuid = uuid, PhysicalSizeBytes = 0, PhysicalUtilisationBytes = 0, Metadata = [], Unreadable = reason };
}
