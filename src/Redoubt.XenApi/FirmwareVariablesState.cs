namespace Redoubt.XenApi;

/// <summary>What a VM's record has of the variables of its firmware.</summary>
public enum FirmwareVariablesState
{
    /// <summary>Nothing: the VM was never started, or nobody wrote down what its firmware kept.</summary>
    None,

    /// <summary>All of them, as its firmware left them.</summary>
    Kept,

    /// <summary>They are there, and can't be unpacked.</summary>
    Damaged,

    /// <summary>Variables in the form of xapi's <c>varstored</c>, which OVMF does not read.</summary>
    OfAnotherFirmware,
}
