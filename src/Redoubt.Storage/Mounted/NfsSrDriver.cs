using System.Xml.Linq;
using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.Mounted;

/// <summary>SRs on an export of an NFS server, which the kernel of this host mounts.</summary>
public sealed class NfsSrDriver : MountedSrDriver
{
    /// <summary>The key of the server's name or address.</summary>
    internal const string ServerKey = "server";

    /// <summary>The key of what it exports.</summary>
    internal const string PathKey = "serverpath";

    private const string VersionKey = "nfsversion";
    private const string OptionsKey = "options";

    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(14);

    private readonly HostRoots? _roots;
    private readonly ChildProcess _list;

    internal NfsSrDriver(FileSrDriver files, HostMounts mounts, HostRoots? roots, TimeProvider time)
        : base(files, mounts)
    {
        _roots = roots;
        _list = new ChildProcess(time, "showmount", "nfs-common");
    }

    /// <inheritdoc/>
    public override string Type => "nfs";

    /// <inheritdoc/>
    public override string Description => "Disks as qcow2 or raw files on an NFS server.";

    /// <inheritdoc/>
    public override IReadOnlyList<string> RequiredDeviceConfig { get; } = [ServerKey, PathKey];

    private protected override Task<FileSystemMount> FindAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        Task.FromResult(Parse(deviceConfig, _roots));

    private protected override Task<FileSystemMount> PrepareAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        FindAsync(deviceConfig, cancellationToken);

    private protected override async Task<FileSystemMount?> FindForProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        if (deviceConfig.GetValueOrDefault(ServerKey) is { Length: > 0 } && string.IsNullOrEmpty(deviceConfig.GetValueOrDefault(PathKey)))
        {
            var server = Server(deviceConfig);
            throw SrFailure.Choices(
                SrFailure.ConfigServerPathMissing,
                "device-config:serverpath is missing: set it to one of the server's exports.",
                await ExportsAsync(server, cancellationToken));
        }

        return Parse(deviceConfig, _roots);
    }

    /// <summary>What a device config says is to be mounted.</summary>
    internal static FileSystemMount Parse(IReadOnlyDictionary<string, string> deviceConfig, HostRoots? roots)
    {
        var (server, path) = (Server(deviceConfig), PathOf(deviceConfig));
        var source = HostRoots.ShareOf(server, path);
        if (roots?.FindShareProblem(source) is { } problem)
            throw SrFailure.Backend(SrFailure.InvalidArgument, $"device-config:{PathKey} can't be used: {problem}.");
        var version = deviceConfig.GetValueOrDefault(VersionKey) switch
        {
            null or "" => "",
            ("3" or "4" or "4.0" or "4.1" or "4.2") and var known => $",vers={known}",
            var other =>
                throw SrFailure.Backend(SrFailure.NfsVersion, $"device-config:{VersionKey} is '{other}': give 3, 4, 4.0, 4.1 or 4.2."),
        };

        // Whoever else writes to a directory there is seen at once, as a scan promises; a server that does not answer is waited for, for a
        // disk whose writes are given up is worse than one that stands still.
        var options = $"hard,retry=0,acdirmin=0,acdirmax=0{version}{NfsOptions.Parse(deviceConfig.GetValueOrDefault(OptionsKey))}";
        return new FileSystemMount
        {
            Key = $"nfs-{KeyOf($"{source} {options}")}",
            Source = source,
            Type = "nfs",
            LookingOptions = $"{options},ro",
            WorkingOptions = $"{options},rw,noatime",
            FailureNumber = SrFailure.NfsMount,
            Advice = "check that the server runs, exports it to this host, and speaks the version asked for (showmount -e); "
                + "the package nfs-common is needed.",
        };
    }

    /// <summary>The exports of a server, in the XML that clients of XenServer know.</summary>
    internal static string Exports(string server, string listed) => new XElement(
        "nfs-exports",
        listed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.LastIndexOf(' ') is > 0 and var blank
                ? (Path: line[..blank].TrimEnd(), Access: line[(blank + 1)..])
                : (Path: line, Access: ""))
            .Where(e => e.Path.StartsWith('/'))
            .Select(e => new XElement(
                "Export",
                new XElement("Target", server),
                new XElement("Path", XmlText.Clean(e.Path)),
                new XElement("Accesslist", XmlText.Clean(e.Access))))).ToString();

    private async Task<string> ExportsAsync(string server, CancellationToken cancellationToken)
    {
        try
        {
            return Exports(server, await _list.RunAsync(["--no-headers", "-e", "--", server], ListLimit, cancellationToken));
        }
        catch (XenApiException e)
        {
            // A server that speaks version 4 only has no such list.
            throw SrFailure.Backend(
                SrFailure.ConfigServerPathMissing,
                $"device-config:{PathKey} is missing: set it; what {server} exports it does not say. ({e.Parameters[1]})",
                e);
        }
    }

    private static string Server(IReadOnlyDictionary<string, string> deviceConfig)
    {
        var server = deviceConfig.GetValueOrDefault(ServerKey);
        if (string.IsNullOrEmpty(server))
            throw SrFailure.Backend(
                SrFailure.ConfigServerMissing, "device-config:server is missing: set it to the name or address of an NFS server.");
        return ServerName.IsOne(server)
            ? server
            : throw SrFailure.Backend(
                SrFailure.InvalidArgument, $"device-config:server is '{XmlText.Clean(server)}': give a host's name or address.");
    }

    private static string PathOf(IReadOnlyDictionary<string, string> deviceConfig)
    {
        var path = deviceConfig.GetValueOrDefault(PathKey);
        if (string.IsNullOrEmpty(path))
            throw SrFailure.Backend(
                SrFailure.ConfigServerPathMissing, "device-config:serverpath is missing: set it to a directory that the server exports.");
        return path[0] == '/' && !path.Any(char.IsControl) && Path.GetFullPath(path) == path
            ? path
            : throw SrFailure.Backend(
                SrFailure.ConfigServerPathBad,
                $"device-config:serverpath is '{XmlText.Clean(path)}': give an absolute path without \"..\".");
    }
}
