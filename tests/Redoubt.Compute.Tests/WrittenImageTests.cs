using System.Text.Json.Nodes;

namespace Redoubt.Compute.Tests;

public sealed class WrittenImageTests
{
    private const string Disk =
        """{"driver":"file","filename":"/sr/a.qcow2","node-name":"libvirt-1-storage","auto-read-only":true,"discard":"unmap"}""";

    private static readonly string[] Arguments =
    [
        "/usr/bin/qemu", "-name", "guest=x", "-blockdev",
        """{"driver":"file","filename":"/usr/share/code.fd","node-name":"libvirt-pflash0-storage","auto-read-only":true}""",
        "-blockdev", """{"node-name":"libvirt-pflash0-format","read-only":true,"driver":"raw","file":"libvirt-pflash0-storage"}""",
        "-blockdev", """{"driver":"file","filename":"/data/v.fd","node-name":"libvirt-pflash1-storage","auto-read-only":true}""",
        "-blockdev", """{"node-name":"libvirt-pflash1-format","read-only":false,"driver":"raw","file":"libvirt-pflash1-storage"}""",
        "-blockdev", """{"driver":"file","filename":"/replica/b.raw","node-name":"libvirt-2-storage","auto-read-only":true}""",
        "-blockdev", """{"node-name":"libvirt-2-format","read-only":true,"driver":"raw","file":"libvirt-2-storage"}""",
        "-blockdev", Disk,
        "-blockdev",
        """{"node-name":"libvirt-1-format","read-only":false,"driver":"qcow2","file":"libvirt-1-storage","backing":"libvirt-2-format"}""",
        "-blockdev", """{"driver":"file","filename":"/dev/fdset/1","node-name":"handed","read-only":false}""",
        "-blockdev", """{"node-name":"on-handed","read-only":false,"driver":"raw","file":"handed"}""",
        "-device", """{"driver":"virtio-blk-pci","drive":"libvirt-1-format"}""",
    ];

    [Fact]
    public void What_a_guest_writes_to_and_was_opened_by_its_name_is_found()
    {
        Assert.Equal(["/data/v.fd", "/sr/a.qcow2"], WrittenImage.In(Arguments).Select(i => i.Path));
        Assert.Empty(WrittenImage.In(["-blockdev"]));
    }

    [Fact]
    public void A_handed_file_has_all_options_of_the_named_one_and_is_never_opened_anew()
    {
        var image = WrittenImage.In(Arguments)[1];
        Equal(
            """{"driver":"file","filename":"/sr/a.qcow2","node-name":"libvirt-1-storage","auto-read-only":false,"discard":"unmap"}""",
            image.Kept());
        Equal(
            """{"driver":"file","filename":"/dev/fdset/7","node-name":"n","discard":"unmap"}""",
            image.Handed("n", "/dev/fdset/7", locks: true));
        Equal(
            """{"driver":"file","filename":"/dev/fdset/7","node-name":"n","discard":"unmap","locking":"off"}""",
            image.Handed("n", "/dev/fdset/7", locks: false));
        Equal(
            """{"node-name":"libvirt-1-format","read-only":false,"driver":"qcow2","file":"n","backing":"libvirt-2-format"}""",
            image.On("n"));
        Equal(Disk, image.File);
    }

    private static void Equal(string expected, JsonObject actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual.ToJsonString());
}
