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
        var config = TwoDisks();
        var failure = Explain(config, text, "");
        Assert.Equal((expected, subject ?? config.Uuid.ToString("D")), (failure.Failure, failure.Subject));
    }

    [Theory]
    [InlineData(
        "2026-11-29T22:08:42.048761Z qemu-system-x86_64: -device {\"driver\":\"virtio-blk-pci\"}: Failed to get \"write\" lock\n"
            + "Is another process using the image [/sr/a]?\n",
        HypervisorFailure.DiskInUse, "/sr/a", "/sr/a")]
    [InlineData(
        "2026-11-29T22:08:42.048761Z qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
        HypervisorFailure.NotEnoughMemory, null, "MiB")]
    [InlineData(
        "2026-11-29T22:08:42.048761Z qemu-system-x86_64: the moon is in the wrong house\n", HypervisorFailure.Refused, null,
        "the moon is in the wrong house")]
    [InlineData("", HypervisorFailure.Refused, null, "monitor socket: Connection refused")]
    public void Where_libvirt_has_not_reached_QEMU_the_end_of_its_log_says_why(
        string said, HypervisorFailure expected, string? subject, string problem)
    {
        // What was said at an earlier start, and the command, which names all disks, say nothing of this start.
        const string command = "LC_ALL=C \\\n/usr/bin/qemu-system-x86_64 \\\n"
            + "-blockdev '{\"driver\":\"file\",\"filename\":\"/sr/a.qcow2\",\"node-name\":\"libvirt-1-storage\"}' \\\n"
            + "-machine pc,firmware=/usr/share/efi \\\n-msg timestamp=on\n";
        const string log = "2026-11-29 22:07:00.002+0000: starting up libvirt version: 9.0.0, hostname: vm\n" + command
            + "2026-11-29T22:07:01.048761Z qemu-system-x86_64: Could not open '/sr/a.qcow2': Permission denied\n"
            + "2026-11-29 22:07:02.054+0000: shutting down, reason=failed\n"
            + "2026-11-29 22:08:42.002+0000: starting up libvirt version: 9.0.0, hostname: vm\n" + command
            + "2026-11-29 22:08:42.003+0000: Domain id=39 is tainted: custom-argv\n";
        var end = log + said + "2026-11-29 22:08:42.054+0000: shutting down, reason=failed\n";
        var config = TwoDisks();
        var failure = Explain(config, "failed to connect to monitor socket: Connection refused", QemuLog.SinceStart(end));
        Assert.Equal((expected, subject ?? config.Uuid.ToString("D")), (failure.Failure, failure.Subject));
        Assert.Contains(problem, failure.Problem);
    }

    [Theory]
    [InlineData("failed to connect to monitor socket: Connection refused", true)]
    [InlineData("internal error: process exited while connecting to monitor: qemu: -blockdev {}: Failed to get \"write\" lock", true)]
    [InlineData("operation failed: Unable to find any firmware to satisfy 'efi'", false)]
    public void What_libvirt_says_of_its_connection_to_QEMU_is_not_taken_for_a_reason(string text, bool expected) =>
        Assert.Equal(expected, StartFailure.IsOfMonitor(new LibvirtException(LibvirtError.Internal, text)));

    [Fact]
    public async Task The_end_of_a_log_is_read_however_long_it_is_and_none_is_empty()
    {
        var (root, uuid) = (Directory.CreateTempSubdirectory("rdt").FullName, Guid.NewGuid());
        try
        {
            Assert.Equal("", await QemuLog.ReadEndAsync(root, uuid));
            var folder = Directory.CreateDirectory(Path.Combine(root, "log", "qemu")).FullName;
            await File.WriteAllTextAsync(
                Path.Combine(folder, $"{uuid:D}.log"), new string('x', 1 << 20) + "end", TestContext.Current.CancellationToken);
            var end = await QemuLog.ReadEndAsync(root, uuid);
            Assert.InRange(end.Length, 1 << 10, 1 << 17);
            Assert.EndsWith("xend", end, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void The_embedded_driver_runs_guests_as_the_user_who_runs_it()
    {
        var settings = EmbeddedRoot.Settings(1000, 1001, givesUp: false).Split('\n');
        Assert.Contains("user = \"+1000\"", settings);
        Assert.Contains("group = \"+1001\"", settings);
        Assert.Contains("stdio_handler = \"file\"", settings);
    }

    private static DomainConfig TwoDisks()
    {
        var config = TestGuest.Config(Guid.NewGuid(), "/sr/a", null);
        var second = new DomainDisk { Device = 1, Source = new DiskSource.File("/sr/a.qcow2", DiskFormat.Qcow2) };
        return config with { Disks = [.. config.Disks, second] };
    }

    private static HypervisorException Explain(DomainConfig config, string text, string said) =>
        StartFailure.Explain(config, new HostMemory(1 << 30, 1 << 20), new LibvirtException(LibvirtError.Internal, text), said);
}
