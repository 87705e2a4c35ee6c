using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>
/// What a member's daemon does for the host that coordinates the pool besides <see cref="IHostStorageActs"/>: the rest of
/// <see cref="IHostActs"/> in a form in which it can be asked from there, with what is held being held here under a name.
/// </summary>
public interface IHostAgent
{
    /// <summary>Attaches an SR. Repeating does nothing, unless it is to be attached otherwise.</summary>
    Task AttachSrAsync(
        string type, SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access,
        CancellationToken cancellationToken);

    /// <summary>Lets an SR go. May be repeated.</summary>
    Task DetachSrAsync(SrUuid uuid, CancellationToken cancellationToken);

    /// <summary>Makes a disk ready for the hypervisor, as <see cref="ISr.AttachVdiAsync"/>.</summary>
    Task<HeldDisk> AttachVdiAsync(SrUuid sr, VdiUuid vdi, SrAccess access, CancellationToken cancellationToken);

    /// <summary>Gives the bytes of a disk, as <see cref="ISr.OpenDeviceAsync"/>.</summary>
    Task<HeldDevice> OpenDeviceAsync(SrUuid sr, VdiUuid vdi, SrAccess access, CancellationToken cancellationToken);

    /// <summary>Lets go of what is held under a name. May be repeated.</summary>
    Task LetGoAsync(Guid held, CancellationToken cancellationToken);

    /// <inheritdoc cref="IHostActs.ForgetEarlierAsync"/>
    Task ForgetEarlierAsync(CancellationToken cancellationToken);

    /// <summary>The names of its bridges.</summary>
    Task<IReadOnlyList<string>> ListBridgesAsync(CancellationToken cancellationToken);
}

/// <summary>A disk that a member holds ready for its hypervisor.</summary>
/// <param name="Name">The name that it is let go by.</param>
/// <param name="Source">What the hypervisor opens.</param>
public sealed record HeldDisk(Guid Name, DiskSource Source);

/// <summary>A disk of which a member has the bytes at hand.</summary>
/// <param name="Name">The name that it is let go by.</param>
/// <param name="Path">Where, on that host.</param>
public sealed record HeldDevice(Guid Name, string Path);
