using Redoubt.Compute.Libvirt;
using Redoubt.Storage;

namespace Redoubt.Compute.Tests;

public sealed class PlugFailureTests
{
    [Theory]
    [InlineData("Device 'drive' is locked and force was not specified", HypervisorFailure.DriveLocked)]
    [InlineData("tray of device 'sata0' isn't open", HypervisorFailure.DriveLocked)]
    [InlineData("Failed to get \"write\" lock", HypervisorFailure.DiskInUse)]
    [InlineData("No more available PCI slots", HypervisorFailure.DeviceRefused)]
    [InlineData("Could not open '/srv/tray/locked \" lock.qcow2': Permission denied", HypervisorFailure.DeviceRefused)]
    public void Why_a_device_was_not_plugged_is_read_from_the_words_and_not_from_what_the_image_is_called(
        string said, HypervisorFailure failure)
    {
        var source = new DiskSource.File("/srv/tray/locked \" lock.qcow2", DiskFormat.Qcow2);
        var refused = PlugFailure.Explain(
            Guid.NewGuid(), "drive 0", source, new LibvirtException(LibvirtError.OperationFailed, said));
        Assert.Equal(failure, refused.Failure);
    }
}
