using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class MountTableTests
{
    private const string Table = """
        21 27 0:20 / /proc rw,nosuid shared:5 - proc proc rw
        42 27 7:0 / /srv/with\040blank\134 ro,nosuid,relatime shared:7 master:2 - ext4 /dev/loop0 rw,errors=remount-ro
        43 27 0:41 / /srv/nfs rw,relatime - nfs4 server:/a\040b rw,vers=4.2
        44 43 0:42 /sub /srv/nfs rw,relatime - btrfs /dev/sda1 ro,subvol=/sub
        torn line
        """;

    [Fact]
    public void What_is_mounted_last_on_a_directory_counts_and_names_are_read_as_they_are()
    {
        Assert.Equal(new("ext4", "/dev/loop0", IsReadOnly: true), MountTable.Read(Table, "/srv/with blank\\"));
        Assert.Equal(new("btrfs", "/dev/sda1", IsReadOnly: true), MountTable.Read(Table, "/srv/nfs"));
        Assert.Equal(new("proc", "proc", IsReadOnly: false), MountTable.Read(Table, "/proc"));
        Assert.Null(MountTable.Read(Table, "/srv"));
    }

    [Fact]
    public void The_kernels_own_table_is_read() => Assert.Equal("proc", MountTable.Find("/proc")!.Type);
}
