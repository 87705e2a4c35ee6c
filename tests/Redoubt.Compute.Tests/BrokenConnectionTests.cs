namespace Redoubt.Compute.Tests;

/// <summary>A libvirtd that goes while many calls are under way. The caller is a process of its own, for it is what may crash.</summary>
[Trait("Needs", "time")]
public sealed class BrokenConnectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_libvirtd_that_goes_under_many_calls_takes_nobody_along(bool hangs)
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        var (child, greeting) = await ChildProcess.StartAsync(ManyCalls.Mode, libvirtd.Uri, Cancel);
        await using (child)
        {
            Assert.Equal("up", greeting);
            for (var round = 0; round < (hangs ? 2 : 1); round++)
            {
                await (hangs ? libvirtd.SignalAsync("STOP") : libvirtd.KillAsync());
                Assert.Equal("lost", await child.ReadAsync(Cancel));
                await (hangs ? libvirtd.SignalAsync("CONT") : libvirtd.StartAsync());
                Assert.Equal("up", await child.ReadAsync(Cancel));
            }

            Assert.Equal(0, await child.EndAsync(Cancel));
        }
    }
}
