using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute.Tests;

/// <summary>A hypervisor that cannot be opened says why, and what to do.</summary>
[Collection(EmbeddedHostCollection.Name)]
[Trait("Needs", "guest")]
public sealed class OpenRefusalTests(EmbeddedHost host)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("nonsense")]
    [InlineData("qemu:///embed")]
    [InlineData("qemu:///embed?root=relative")]
    [InlineData("qemu:///embed?root=/a/root/whose/name/is/so/long/that/no/socket/of/a/guest/fits")]
    [InlineData("qemu:///nowhere")]
    [InlineData("lxc:///system")]
    public async Task A_uri_that_cannot_work_is_refused(string uri) =>
        Assert.Equal(HypervisorFailure.ConfigInvalid, (await RefusalAsync(new HypervisorOptions { Uri = uri })).Failure);

    [Fact]
    public async Task A_second_root_in_one_process_is_refused_and_names_the_first()
    {
        var refusal = await RefusalAsync(new HypervisorOptions { Uri = HypervisorOptions.EmbeddedUri("/tmp/rdt-second") });
        Assert.Equal(HypervisorFailure.SecondRoot, refusal.Failure);
        Assert.Contains(host.Root, refusal.Problem);
        Assert.False(Directory.Exists("/tmp/rdt-second"));
    }

    [Fact]
    public async Task A_missing_emulator_is_named_with_its_package()
    {
        var refusal = await RefusalAsync(new HypervisorOptions
        {
            Uri = HypervisorOptions.EmbeddedUri(host.Root),
            EmulatorPath = "/usr/bin/qemu-system-pdp11",
        });
        Assert.Equal((HypervisorFailure.EmulatorMissing, "/usr/bin/qemu-system-pdp11"), (refusal.Failure, refusal.Subject));
        Assert.Contains("apt-get install qemu-system-x86", refusal.Advice);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_reported()
    {
        var refusal = await RefusalAsync(new HypervisorOptions { Uri = "qemu+unix:///system?socket=/tmp/rdt-no-such-socket" });
        Assert.Equal(HypervisorFailure.ConnectionFailed, refusal.Failure);
        Assert.Contains("/tmp/rdt-no-such-socket", refusal.Problem);
    }

    [Fact]
    public void A_missing_library_is_named_with_its_package()
    {
        var refusal = Assert.Throws<HypervisorException>(() => LibvirtRuntime.RequireLibrary("libvirt-that-is-not-there.so.0"));
        Assert.Equal((HypervisorFailure.LibraryMissing, "libvirt-that-is-not-there.so.0"), (refusal.Failure, refusal.Subject));
        Assert.Contains("apt-get install libvirt0", refusal.Advice);
    }

    [Theory]
    [InlineData("no connection driver available for qemu:///embed", HypervisorFailure.DriverMissing)]
    [InlineData("invalid argument: Failed to parse user 'libvirt-qemu'", HypervisorFailure.AccountMissing)]
    [InlineData("Failed to acquire pid file '/r/run/qemu/driver.pid': Resource temporarily unavailable", HypervisorFailure.RootInUse)]
    [InlineData("something new", HypervisorFailure.ConnectionFailed)]
    public void Libvirts_words_are_understood(string text, HypervisorFailure expected) => Assert.Equal(
        expected,
        OpenFailure.Explain(HypervisorUri.Parse("qemu:///embed?root=/r"), new LibvirtException(LibvirtError.Internal, text)).Failure);

    [Fact]
    public async Task The_same_root_can_be_opened_again_in_the_process()
    {
        var config = host.Guest("still here");
        await host.Hypervisor.StartAsync(config, Cancel);
        await using (var again = await Hypervisor.OpenAsync(new HypervisorOptions { Uri = HypervisorOptions.EmbeddedUri(host.Root) }, Cancel))
            Assert.NotNull(await again.FindAsync(config.Uuid, Cancel));
        Assert.NotNull(await host.Hypervisor.FindAsync(config.Uuid, Cancel));
        await host.Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    private static Task<HypervisorException> RefusalAsync(HypervisorOptions options) =>
        Assert.ThrowsAsync<HypervisorException>(() => Hypervisor.OpenAsync(options, Cancel));
}
