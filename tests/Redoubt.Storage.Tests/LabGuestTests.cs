using Redoubt.Storage.Tests.Lvm;
using Redoubt.Storage.Tests.Mounted;

namespace Redoubt.Storage.Tests;

/// <summary>The tests that need a kernel of their own, in the guest that has one.</summary>
[Trait("Needs", "guest")]
public sealed class LabGuestTests
{
    [Fact]
    public async Task Drivers_keep_their_promises_on_the_mounts_and_the_volumes_of_a_kernel()
    {
        using var guest = new LabGuest();
        await guest.RunAsync(19, 0, typeof(NfsSrDriverConformance), typeof(LvmLabTests));
    }
}
