namespace Redoubt.Storage.Tests.Lvm;

/// <summary>All that drivers promise, in volume groups: for minutes, in the guest of script/lab-guest.</summary>
[Trait("Needs", "soak")]
public sealed class LvmGuestTests
{
    [Fact]
    public async Task Volume_groups_keep_what_drivers_promise_of_SRs()
    {
        using var guest = new LabGuest();
        await guest.RunAsync(16, 0, typeof(LvmSrDriverConformance));
    }

    [Fact]
    public async Task Volume_groups_keep_what_drivers_promise_of_disks()
    {
        using var guest = new LabGuest();
        await guest.RunAsync(40, 10, typeof(LvmVdiConformance));
    }
}
