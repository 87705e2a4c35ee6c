using Redoubt.XenApi;

namespace Redoubt.Storage;

/// <summary>Makes the failures that a storage backend reports, with the numbers that xapi's storage manager gave them.</summary>
internal static class SrFailure
{
    public const int InvalidArgument = 1;
    public const int VdiInUse = 24;
    public const int SrInUse = 16;
    public const int SrNotEmpty = 39;
    public const int SrScan = 40;
    public const int SrExists = 42;
    public const int VdiExists = 43;
    public const int NoSpace = 44;
    public const int VdiUnavailable = 46;
    public const int SrUnavailable = 47;
    public const int SrCreate = 61;
    public const int SrDelete = 63;
    public const int VdiLoad = 65;
    public const int VdiType = 66;
    public const int NfsVersion = 72;
    public const int NfsMount = 73;
    public const int VdiSize = 79;
    public const int ConfigDeviceMissing = 90;
    public const int ConfigDeviceInvalid = 91;
    public const int ConfigLocationMissing = 94;
    public const int ConfigServerMissing = 100;
    public const int ConfigServerPathMissing = 101;
    public const int ConfigServerPathBad = 102;
    public const int InputOutput = 200;
    public const int General = 202;

    /// <summary>The failure with its number and the sentence an operator reads.</summary>
    public static XenApiException Backend(int number, string sentence, Exception? cause = null)
        => new(cause, $"SR_BACKEND_FAILURE_{number}", "", sentence, "");

    /// <summary>The failure of a probe that lacks its last key: xapi's clients read the choices for it from the third parameter.</summary>
    public static XenApiException Choices(int number, string sentence, string xml) =>
        new($"SR_BACKEND_FAILURE_{number}", "", sentence, xml);

    /// <summary>A change was asked of an SR that is attached for looking.</summary>
    public static XenApiException ReadOnly(SrUuid sr)
        => new("OPERATION_NOT_ALLOWED", $"SR {sr} is attached read-only and is not changed: attach it read-write first.");

    /// <summary>The SR was detached before the call.</summary>
    public static XenApiException NotAttached(SrUuid sr) => new("SR_NOT_ATTACHED", sr.ToString());

    /// <summary>The driver lacks the capability.</summary>
    public static XenApiException NotSupported(SrUuid sr) => new("SR_OPERATION_NOT_SUPPORTED", sr.ToString());

    /// <summary>There is no such disk.</summary>
    public static XenApiException NoSuchVdi(SrUuid sr, VdiUuid vdi, string where, Exception? cause = null)
        => Backend(VdiUnavailable, $"VDI {vdi} is not in SR {sr} ({where}): scan the SR, and check that its storage is complete.", cause);

    /// <summary>The UUID is taken.</summary>
    public static XenApiException AlreadyExists(VdiUuid vdi, string where)
        => Backend(VdiExists, $"VDI {vdi} exists already ({where}) and was left as it is: choose another UUID.");

    /// <summary>The disk is there and cannot be used.</summary>
    public static XenApiException Unreadable(VdiUuid vdi, string where, string reason)
        => Backend(VdiLoad, $"VDI {vdi} ({where}) cannot be used: {reason}");

    /// <summary>The bytes of a disk were asked for that is kept in another form.</summary>
    public static XenApiException NotRaw(VdiUuid vdi)
        => Backend(VdiType, $"VDI {vdi} is an image and not the bytes of a disk: export it as raw instead.");

    /// <summary>A guest was to get a disk that is here only to be copied.</summary>
    public static XenApiException OnlyRead(VdiUuid vdi, string where)
        => Backend(
            VdiType,
            $"VDI {vdi} ({where}) is a VHD of XenServer, on which no VM runs here: copy it to another SR (vdi-copy), or recover its VM "
                + "with a plan (dr-failover), which does so.");

    /// <summary>Storage of XenServer was to be written to.</summary>
    public static XenApiException Foreign(SrUuid sr, string where)
        => Backend(
            SrUnavailable,
            $"SR {sr} ({where}) holds VHDs, which are XenServer's and are only read: attach it for recovery (drtask-create), and have its "
                + "VMs copied to an SR of this pool (dr-failover).");

    /// <summary>Two replace the content of one disk at the same time.</summary>
    public static XenApiException IsReplaced(VdiUuid vdi) =>
        Backend(VdiInUse, $"VDI {vdi} is being replaced by somebody else: wait until that is done, then repeat.");

    /// <summary>The content would make the disk something other than it is.</summary>
    public static XenApiException WouldChangeType(VdiUuid vdi, VdiType present)
        => Backend(VdiType, present == Storage.VdiType.Metadata
            ? $"The content is not a redo log, and VDI {vdi} is a metadata volume: import into a user VDI."
            : $"The content begins like a redo log, and VDI {vdi} is a raw user VDI that would be taken for pool metadata: import into a "
                + "qcow2 VDI or a metadata VDI.");
}
