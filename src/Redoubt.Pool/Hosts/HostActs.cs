using Redoubt.Compute;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>What a host does for its pool besides running guests, done on this one.</summary>
/// <param name="dataDirectory">The daemon's directory.</param>
/// <param name="tpmDirectory">Where the states of its guests' TPMs lie; null with a hypervisor that keeps them elsewhere.</param>
/// <param name="roots">Where on this host that may lie which somebody at a distance names.</param>
/// <param name="drivers">The kinds of SR there are, by type.</param>
/// <param name="time">The clock.</param>
internal sealed class HostActs(
    string dataDirectory, string? tpmDirectory, HostRoots roots, IReadOnlyDictionary<string, ISrDriver> drivers, TimeProvider time)
    : IHostActs
{

    public string DataDirectory => dataDirectory;

    public bool KeepsTpms => tpmDirectory is not null;

    public Task CreateSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        Driver(type).CreateAsync(uuid, deviceConfig, cancellationToken);

    public Task<ISr> AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access,
        CancellationToken cancellationToken) =>
        Driver(type).AttachAsync(uuid, deviceConfig, access, cancellationToken);

    public Task DestroySrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        Driver(type).DestroyAsync(uuid, deviceConfig, cancellationToken);

    // What a daemon that coordinates holds is its own, and goes with it.
    public Task ForgetEarlierAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<string> FindBootFileAsync(string path, CancellationToken cancellationToken)
    {
        var (handle, real) = roots.OpenBootFile(path);
        handle.Dispose();
        return Task.FromResult(real);
    }

    public Task<IReadOnlyList<FirmwareTimes>> ListFirmwareAsync(CancellationToken cancellationToken)
    {
        var flashes = Directory.Exists(FlashDirectory) ? Directory.EnumerateFiles(FlashDirectory, "*.fd") : [];
        var tpms = Directory.Exists(tpmDirectory) ? Directory.EnumerateDirectories(tpmDirectory) : [];
        return Task.FromResult<IReadOnlyList<FirmwareTimes>>(
        [
            .. flashes.Select(Path.GetFileNameWithoutExtension).Concat(tpms.Select(Path.GetFileName))
                .Where(name => Guid.TryParseExact(name, "D", out _)).Select(name => Guid.Parse(name!)).Distinct()
                .Select(vm => new FirmwareTimes(
                    vm, File.GetLastWriteTimeUtc(FlashOf(vm)), TpmOf(vm) is { } tpm ? File.GetLastWriteTimeUtc(tpm) : default)),
        ]);
    }

    public Task<FirmwareContent> ReadFirmwareAsync(Guid vm, CancellationToken cancellationToken) =>
        Task.FromResult(new FirmwareContent(Read(FlashOf(vm)), TpmOf(vm) is { } tpm ? Read(tpm) : null));

    public async Task LayFirmwareAsync(Guid vm, FirmwareContent content, CancellationToken cancellationToken)
    {
        if (Directory.Exists(FlashDirectory))
        {
            File.Delete(FlashOf(vm));
        }

        // With its directory: in one that is there the hypervisor would not make a fresh TPM.
        if (TpmDirectoryOf(vm) is { } tpms && Directory.Exists(tpms))
        {
            Directory.Delete(tpms, recursive: true);
        }

        if (content.Flash is { } flash)
        {
            await LayAsync(FlashOf(vm), flash);
        }

        if (content.Tpm is { } state && TpmOf(vm) is { } tpm)
        {
            await LayAsync(tpm, state);
        }
    }

    public Task<long> MeasureConsoleLogAsync(Guid vm, CancellationToken cancellationToken) =>
        Task.FromResult(ConsoleLog.Length(PathsOf(vm).ConsoleLog));

    public Task<string> ReadConsoleLogAsync(Guid vm, long offset, CancellationToken cancellationToken) =>
        ConsoleLog.ReadAsync(PathsOf(vm).ConsoleLog, offset, cancellationToken);

    public Task<long> FindConsoleLogBeginAsync(Guid vm, CancellationToken cancellationToken) =>
        Task.FromResult(ConsoleLog.Begin(PathsOf(vm).ConsoleLog));

    public Task FlushAsync(string path, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true);
        },
        cancellationToken);

    public async Task<Stream> ConnectAsync(Guid vm, bool isScreen, CancellationToken cancellationToken)
    {
        var paths = PathsOf(vm);
        var path = (isScreen ? paths.VncSocket : paths.SerialSocket)
            ?? throw new IOException("the path of the daemon's directory is too long for a socket");
        return await UnixSockets.ConnectAsync(path, time, cancellationToken);
    }

    private ISrDriver Driver(string type) =>
        drivers.GetValueOrDefault(type) ?? throw new XenApi.XenApiException("SR_UNKNOWN_DRIVER", type);

    private GuestPaths PathsOf(Guid vm) => GuestPaths.Of(dataDirectory, vm);

    private string FlashDirectory => Path.GetDirectoryName(FlashOf(Guid.Empty))!;

    private string FlashOf(Guid vm) => PathsOf(vm).Variables;

    private string? TpmOf(Guid vm) => tpmDirectory is { } all ? TpmStates.FileOf(all, vm) : null;

    private string? TpmDirectoryOf(Guid vm) => tpmDirectory is { } all ? Path.Combine(all, vm.ToString("D")) : null;

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
}
