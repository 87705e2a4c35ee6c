using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>
/// What a host does for its pool besides running guests: its storage, and its files. This one's daemon does it itself
/// (<see cref="HostActs"/>), a member's on what its coordinator says.
/// </summary>
public interface IHostActs
{
    /// <summary>The directory of its daemon, below which the files of its guests lie.</summary>
    string DataDirectory { get; }

    /// <summary>Whether its hypervisor gives guests TPMs whose states lie where its daemon looks.</summary>
    bool KeepsTpms { get; }

    /// <summary>Makes an SR, as <see cref="ISrDriver.CreateAsync"/>.</summary>
    Task CreateSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>Attaches an SR, as <see cref="ISrDriver.AttachAsync"/>.</summary>
    Task<ISr> AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access,
        CancellationToken cancellationToken);

    /// <summary>Removes an SR, as <see cref="ISrDriver.DestroyAsync"/>.</summary>
    Task DestroySrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>
    /// Lets disks go that an earlier coordinator had attached here; to be called when this one has attached what the guests hold.
    /// </summary>
    Task ForgetEarlierAsync(CancellationToken cancellationToken);

    /// <summary>Where a file that a guest is to boot from really lies.</summary>
    /// <exception cref="IOException">It is not there, or lies where no file for guests may lie.</exception>
    Task<string> FindBootFileAsync(string path, CancellationToken cancellationToken);

    /// <summary>The VMs of which a file of their firmware is here, and when each file was last written.</summary>
    Task<IReadOnlyList<FirmwareTimes>> ListFirmwareAsync(CancellationToken cancellationToken);

    /// <summary>What the files of a VM's firmware hold.</summary>
    Task<FirmwareContent> ReadFirmwareAsync(Guid vm, CancellationToken cancellationToken);

    /// <summary>Lays files of a VM's firmware; those that are there go.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    Task LayFirmwareAsync(Guid vm, FirmwareContent content, CancellationToken cancellationToken);

    /// <summary>How long a guest's console log is, in bytes; 0 if there is none.</summary>
    Task<long> MeasureConsoleLogAsync(Guid vm, CancellationToken cancellationToken);

    /// <summary>Reads a guest's console log, as <see cref="ConsoleLog.ReadAsync"/>.</summary>
    Task<string> ReadConsoleLogAsync(Guid vm, long offset, CancellationToken cancellationToken);

    /// <summary>Where what is kept of a guest's console log begins, in bytes.</summary>
    Task<long> FindConsoleLogBeginAsync(Guid vm, CancellationToken cancellationToken);

    /// <summary>Makes durable what was written into a file or device.</summary>
    Task FlushAsync(string path, CancellationToken cancellationToken);

    /// <summary>Connects to a guest's screen, or to its serial port.</summary>
    /// <exception cref="IOException">It can't be reached.</exception>
    Task<Stream> ConnectAsync(Guid vm, bool isScreen, CancellationToken cancellationToken);
}
