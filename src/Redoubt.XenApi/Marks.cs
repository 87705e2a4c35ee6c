namespace Redoubt.XenApi;

/// <summary>
/// The keys of our own in <c>other_config</c> and <c>sm_config</c>: what one part leaves on a record and another part, another site or a
/// later version finds there. They travel with the metadata, so a name that has been used stays.
/// </summary>
public static class Marks
{
    /// <summary>Before a plan's name, on a pool: a saved plan.</summary>
    public const string Plan = "dr-plan:";

    /// <summary>In a disk's <c>sm_config</c>: the format of its file, where guests don't run on it; see <see cref="Vhd"/>.</summary>
    public const string Format = "vdi_type";

    /// <summary>The value of <see cref="Format"/> for a disk that is XenServer's and has to be copied before it is used.</summary>
    public const string Vhd = "vhd";

    /// <summary>In a disk's <c>sm_config</c>: the disk that it builds on.</summary>
    public const string FormatParent = "vhd-parent";

    /// <summary>
    /// In a disk's <c>sm_config</c>, of one whose data has been destroyed: the mark of the table that stands in the place of the data.
    /// </summary>
    public const string BlockTable = "cbt-table";

    /// <summary>The same as long as the data may be there still: the type that the disk had.</summary>
    public const string DataIsThere = "cbt-data-of-type";

    /// <summary>On a disk: the UUID of the disk of another pool that it is a copy of, to take its place in a recovery.</summary>
    public const string CopyOf = "dr-copy-of";

    /// <summary>On a network, or a copy of a disk: the run that made it.</summary>
    public const string Run = "dr-run";

    /// <summary>The label of the test that an object belongs to.</summary>
    public const string Test = "dr-test";

    /// <summary>The UUID of what an object of a test stands for.</summary>
    public const string TestOf = "dr-test-of";

    /// <summary>On a secret: that it was made of a device configuration, and goes with it.</summary>
    public const string DeviceSecret = "device-config";

    /// <summary>On the clone of an SR: how it is made.</summary>
    public const string TestStorage = "dr-test-storage";

    /// <summary>On a VM, or before a colon and a vApp's UUID on a pool: how old its copy may be, in seconds.</summary>
    public const string RpoTarget = "dr-rpo-target";

    /// <summary>The same for how long its recovery may take.</summary>
    public const string RtoTarget = "dr-rto-target";

    /// <summary>On a VM: how it is known to be well.</summary>
    public const string Health = "dr-health";

    /// <summary>On a VM: how long it may take until it is.</summary>
    public const string HealthTimeout = "dr-health-timeout";

    /// <summary>On a pool: the UUIDs of the VMs of lost hosts that are still to be started on others.</summary>
    public const string StartElsewhere = "start-elsewhere";

    /// <summary>On a host: which boot of its machine its guests were last looked at in.</summary>
    public const string Boot = "boot-id";

    /// <summary>On a host that has booted: the UUIDs of the VMs that are still to be started with it.</summary>
    public const string StartWithHost = "start-with-host";

    /// <summary>On a pool: the fingerprint of its own key, for other pools to read.</summary>
    public const string MetadataKey = "dr-metadata-key";

    /// <summary>Before another pool's UUID, on a pool: the fingerprint of that pool's key.</summary>
    public const string TrustedKey = "dr-trusted-key-";

    /// <summary>Before a volume's UUID, on a pool: that the volume is believed without a proof.</summary>
    public const string AcceptedVolume = "dr-accepted-volume-";

    /// <summary>On a metadata VDI: the key by which it was proven when it was read last.</summary>
    public const string Proven = "dr-proven";

    /// <summary>On a VM that is held: its <c>other_config:auto_poweron</c> meanwhile.</summary>
    public const string HeldAutoPowerOn = "dr-held-auto_poweron";

    /// <summary>On a VM that is held: its <c>ha_restart_priority</c> meanwhile.</summary>
    public const string HeldHaRestartPriority = "dr-held-ha_restart_priority";

    /// <summary>On a pool: that what a genuine xapi needs is left in clear.</summary>
    public const string ClearForXapi = "dr-clear-for-xapi";

    /// <summary>On a pool: that what TPMs keep is sealed.</summary>
    public const string SealTpms = "dr-seal-tpms";
}
