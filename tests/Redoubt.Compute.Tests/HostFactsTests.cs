using Redoubt.Storage;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute.Tests;

public sealed class HostFactsTests
{
    [Fact]
    public void Available_memory_counts_what_linux_only_caches()
    {
        var memory = HostMemory.Parse("MemTotal:       24684092 kB\nMemFree:         1 kB\nMemAvailable:   23995276 kB\n");
        Assert.Equal(new HostMemory(24684092L * 1024, 23995276L * 1024), memory);
    }

    [Theory]
    [InlineData("lo", false)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("../../etc", false)]
    [InlineData("xenbr0", true)]
    public void A_bridge_is_an_interface_with_a_bridge_in_it(string name, bool expected)
    {
        var network = Directory.CreateTempSubdirectory("rdt").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(network, "lo"));
            Directory.CreateDirectory(Path.Combine(network, "xenbr0", "bridge"));
            Assert.Equal(expected, HostBridge.Exists(name, network));
        }
        finally
        {
            Directory.Delete(network, recursive: true);
        }
    }

    [Theory]
    [InlineData(
        "internal error: process exited: 2026: qemu: -blockdev {}: Failed to get \"write\" lock\nIs another process using "
            + "the image [/sr/a.qcow2]?",
        HypervisorFailure.DiskInUse, "/sr/a.qcow2")]
    [InlineData("qemu: Could not open '/sr/a.qcow2': Permission denied", HypervisorFailure.DiskUnreadable, "/sr/a.qcow2")]
    [InlineData("qemu: cannot set up guest memory 'pc.ram': Cannot allocate memory", HypervisorFailure.NotEnoughMemory, null)]
    [InlineData("operation failed: Unable to find any firmware to satisfy 'efi'", HypervisorFailure.FirmwareMissing, null)]
    [InlineData("Requested operation is not valid: domain is already active as 'x'", HypervisorFailure.AlreadyRunning, null)]
    [InlineData("first line\nthe moon is in the wrong house", HypervisorFailure.Refused, null)]
    public void The_words_of_libvirt_and_qemu_are_understood(string text, HypervisorFailure expected, string? subject)
    {
        var config = TestGuest.Config(Guid.NewGuid(), "/sr/a", null);
        var second = new DomainDisk { Device = 1, Source = new DiskSource.File("/sr/a.qcow2", DiskFormat.Qcow2) };
        config = config with { Disks = [.. config.Disks, second] };
        var failure = StartFailure.Explain(config, new HostMemory(1 << 30, 1 << 20), new LibvirtException(LibvirtError.Internal, text));
        Assert.Equal((expected, subject ?? config.Uuid.ToString("D")), (failure.Failure, failure.Subject));
    }

    [Fact]
    public void The_embedded_driver_runs_guests_as_the_user_who_runs_it()
    {
        var settings = EmbeddedRoot.Settings(1000, 1001, givesUp: false).Split('\n');
        Assert.Contains("user = \"+1000\"", settings);
        Assert.Contains("group = \"+1001\"", settings);
        Assert.Contains("stdio_handler = \"file\"", settings);
    }
}
