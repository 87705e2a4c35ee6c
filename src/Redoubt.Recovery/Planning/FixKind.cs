namespace Redoubt.Recovery;

/// <summary>What can be done about a finding without a person's hands; only ever on request.</summary>
public enum FixKind
{
    /// <summary>Attach the SR for the time of the recovery.</summary>
    AttachStorage,

    /// <summary>Attach the SR where it is detached.</summary>
    PlugPbd,

    /// <summary>Shut the VMs down at the source, cleanly and then hard.</summary>
    ShutDownAtSource,

    /// <summary>Shut the VM down in the target pool, cleanly and then hard.</summary>
    ShutDownHere,

    /// <summary>Make an internal network of that name.</summary>
    CreateNetwork,

    /// <summary>Take the copy that the operator names.</summary>
    ChooseCopy,

    /// <summary>Go without the disk, by consent.</summary>
    DropDisk,

    /// <summary>Switch high availability off for the time of the recovery.</summary>
    DisableHa,

    /// <summary>Recover the whole vApp.</summary>
    ChooseAppliance,
}
