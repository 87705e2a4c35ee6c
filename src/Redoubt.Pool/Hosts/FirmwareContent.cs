namespace Redoubt.Pool;

/// <summary>What the files of a VM's firmware hold.</summary>
/// <param name="Flash">The flash of one that boots through UEFI; null: there is no file.</param>
/// <param name="Tpm">The state of its TPM; null likewise.</param>
public sealed record FirmwareContent(byte[]? Flash, byte[]? Tpm)
{
    /// <summary>No file.</summary>
    public static FirmwareContent None { get; } = new(null, null);
}
