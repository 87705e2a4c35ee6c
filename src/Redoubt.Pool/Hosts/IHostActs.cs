using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>
/// What a host does for its pool besides running guests: its storage, and its files. This one's daemon does it itself
/// (<see cref="HostActs"/>), a member's on what its coordinator says.
/// </summary>
public interface IHostActs : IHostStorageActs
{
    /// <summary>The directory of its daemon, below which the files of its guests lie.</summary>
    string DataDirectory { get; }

    /// <summary>Whether its hypervisor gives guests TPMs whose states lie where its daemon looks.</summary>
    bool KeepsTpms { get; }

    /// <summary>Attaches an SR, as <see cref="ISrDriver.AttachAsync"/>.</summary>
    Task<ISr> AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access,
        CancellationToken cancellationToken);

    /// <summary>
    /// Lets disks go that an earlier coordinator had attached here; to be called when this one has attached what the guests hold.
    /// </summary>
    Task ForgetEarlierAsync(CancellationToken cancellationToken);

    /// <summary>Connects to a guest's screen, or to its serial port.</summary>
    /// <exception cref="IOException">It can't be reached.</exception>
    Task<Stream> ConnectAsync(Guid vm, bool isScreen, CancellationToken cancellationToken);
}
