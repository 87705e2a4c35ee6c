namespace Redoubt.Database.Journal;

/// <summary>With which key a volume is signed, and as which.</summary>
/// <param name="Key">The pool's key.</param>
/// <param name="Vdi">The volume's VDI.</param>
/// <param name="Sr">The SR that it is on.</param>
public sealed record VolumeSigner(VolumeKey Key, Guid Vdi, Guid Sr);
