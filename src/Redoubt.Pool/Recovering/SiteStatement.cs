using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Somebody's word that a site which can't be asked does not run a VM.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Site">The site, by its name here.</param>
/// <param name="Words">What they stated.</param>
/// <param name="By">Who.</param>
/// <param name="At">When.</param>
internal sealed record SiteStatement(Ref<VmRecord> Vm, string Site, string Words, string By, DateTimeOffset At);
