using Redoubt.Inspection;
using Redoubt.Storage;
using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Cli.Inspecting;

/// <summary>
/// Looks at the directory of a file SR's location, or at that of one SR in it, through the SR driver, which writes nothing for that.
/// </summary>
internal static class LocationInspection
{
    public static async Task<InspectReport> RunAsync(InspectOptions options, CancellationToken cancellationToken)
    {
        var only = SrUuid.TryParse(Path.GetFileName(options.Path), out var own) && Path.GetDirectoryName(options.Path) is not null
            ? own
            : (SrUuid?)null;
        var location = only is null ? options.Path : Path.GetDirectoryName(options.Path)!;
        var deviceConfig = new Dictionary<string, string> { ["location"] = location };
        // Looking makes no image and no scratch file; the driver needs to be told of both all the same.
        var driver = new FileSrDriver(new QemuImg(TimeProvider.System), Path.GetTempPath());
        IReadOnlyList<ProbedSr> found;
        try
        {
            found = await driver.ProbeAsync(deviceConfig, cancellationToken);
        }
        catch (XenApiException e)
        {
            return new()
            {
                Path = options.Path,
                Kind = "location",
                Problem = e.Parameters.Count > 1 ? e.Parameters[^1] : e.Message,
                Databases = [],
            };
        }

        var srs = found.Where(s => only is null || s.Uuid.Equals(only)).ToList();
        var databases = new List<DatabaseReport>();
        foreach (var withMetadata in srs.Where(s => s.Metadata.Count > 0))
        {
            await using var sr = await driver.AttachAsync(withMetadata.Uuid, deviceConfig, SrAccess.ReadOnly, cancellationToken);
            foreach (var volume in withMetadata.Metadata)
            {
                var query = options.Query with { SrUuid = sr.Uuid.ToString(), VdiUuid = volume.Uuid.ToString() };
                databases.Add(await sr.LookIntoAsync(volume.Uuid, path => Read(path, query), cancellationToken));
            }
        }

        return new()
        {
            Path = options.Path,
            Kind = "location",
            Problem = srs.Count == 0 ? "No directory in it has the name of an SR, which is a UUID." : null,
            Srs = [.. srs.Select(s => new LocationSr(s.Uuid.ToString(), NameOf(s.Uuid.ToString(), databases), s.Metadata.Count, s.Unreadable))],
            Databases = databases,
        };
    }

    private static DatabaseReport Read(string path, InspectQuery query) =>
        DatabaseFile.Read(path, query) with { SrUuid = query.SrUuid, VdiUuid = query.VdiUuid };

    private static string? NameOf(string uuid, List<DatabaseReport> databases) => databases.Where(d => d.Content is not null)
        .OrderByDescending(d => d.Generation).SelectMany(d => d.Content!.Srs).FirstOrDefault(s => s.Uuid == uuid)?.NameLabel;
}
