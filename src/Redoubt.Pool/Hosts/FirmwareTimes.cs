namespace Redoubt.Pool;

/// <summary>When the files of a VM's firmware were last written; the same moment of any that is not there.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Flash">The flash of one that boots through UEFI.</param>
/// <param name="Tpm">The state of its TPM.</param>
public sealed record FirmwareTimes(Guid Vm, DateTime Flash, DateTime Tpm);
