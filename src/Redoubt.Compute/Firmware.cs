namespace Redoubt.Compute;

/// <summary>What a guest's virtual machine boots with.</summary>
public enum Firmware
{
    /// <summary>SeaBIOS.</summary>
    Bios,

    /// <summary>OVMF, without secure boot.</summary>
    Uefi,
}
