namespace Redoubt.Storage;

/// <summary>
/// A kind of storage repository: knows how to find, make, open and remove SRs of one type.
/// </summary>
/// <remarks>
/// <para>What every driver promises, and what the conformance suite holds each one to:</para>
/// <list type="bullet">
/// <item>Failures that an operator can act on are <see cref="XenApi.XenApiException"/>; backend failures carry the code
/// <c>SR_BACKEND_FAILURE_n</c> with xapi's numbers and the parameters <c>["", sentence, ""]</c>, where the sentence says what is
/// wrong, with what, and what to do next.</item>
/// <item>Nothing but <see cref="CreateAsync"/>, <see cref="DestroyAsync"/> and an <see cref="ISr"/> attached read-write ever writes
/// to the storage. Looking leaves every byte and every timestamp as it was (access times excepted, which are the mount's matter).</item>
/// <item>Cancelling stops the work and leaves nothing half done.</item>
/// <item>A driver may be used from many threads at once.</item>
/// </list>
/// </remarks>
public interface ISrDriver
{
    /// <summary>The SR type as the API spells it, for example <c>file</c>.</summary>
    string Type { get; }

    /// <summary>One sentence for an operator who chooses among drivers.</summary>
    string Description { get; }

    /// <summary>The keys that <c>device-config</c> must hold, in the order an operator is asked for them.</summary>
    IReadOnlyList<string> RequiredDeviceConfig { get; }

    /// <summary>What the driver can do. The rest is refused with <c>SR_OPERATION_NOT_SUPPORTED</c>.</summary>
    SrFeatures Features { get; }

    /// <summary>
    /// Lists the SRs that the device config leads to. Writes nothing. A broken SR is listed with its reason and hides no other.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">The device config is incomplete or leads nowhere.</exception>
    Task<IReadOnlyList<ProbedSr>> ProbeAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an empty SR. Durable when it returns; after a crash the SR is there, empty, or it is not.
    /// May be repeated: an SR that exists and is empty is success, one that holds anything fails with code 42 and stays as it was.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">The location is not usable, or the SR exists and is not empty.</exception>
    Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>
    /// Opens an SR. Any number of attaches, in one process or several, may exist at a time. A read-write attach first removes what
    /// interrupted operations left behind, but nothing that an operation of another attach is still working on.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">The SR is not there (code 47), or it cannot be written and that was asked.</exception>
    Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken);

    /// <summary>
    /// Removes an SR that holds no VDI. May be repeated: an SR that is not there is success. Refuses (code 39) while it holds a VDI or
    /// anything the driver does not know; it never deletes content. What the broken-off making of a clone has left at the location goes
    /// too.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">The SR is not empty or can't be removed.</exception>
    Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);
}
