using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>What a host does with its storage and its files of which all that is asked and answered are values.</summary>
public interface IHostStorageActs
{
    /// <summary>Makes an SR, as <see cref="ISrDriver.CreateAsync"/>.</summary>
    Task CreateSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>Removes an SR, as <see cref="ISrDriver.DestroyAsync"/>.</summary>
    Task DestroySrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

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
}
