using System.Runtime.InteropServices;
using System.Text;
using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>A guest that is about to move to another host while it runs, as the host that has it describes it.</summary>
/// <param name="Xml">libvirt's description.</param>
/// <param name="Cpu">The processor that it really has there, where that is another than it was described with; else null.</param>
public sealed record MigratingGuest(string Xml, string? Cpu)
{
    private const int HeaderBytes = 92; // struct _virQEMUSaveHeader

    /// <summary>
    /// What the source's QEMU is told when all of it is at the target: <c>MIG_RP_MSG_SHUT</c>, of four bytes, no error. As long as that has
    /// not come, the source takes nothing for done, and lets its guest go on where the line breaks off.
    /// </summary>
    public static ReadOnlyMemory<byte> IsThere { get; } = new byte[] { 0, 1, 0, 4, 0, 0, 0, 0 };

    /// <summary>Describes a guest by what libvirt says of it for a migration, and of it as it runs.</summary>
    internal static MigratingGuest Of(string migratable, string running)
    {
        var (before, now) = (XElement.Parse(migratable).Element("cpu"), XElement.Parse(running).Element("cpu"));
        return new(migratable, now is null || XNode.DeepEquals(before, now) ? null : now.ToString(SaveOptions.DisableFormatting));
    }

    /// <summary>What libvirt at the source expects of one at the target: who it is, which must be another, and what it can do.</summary>
    internal static byte[] Cookie(Guid uuid) => Encoding.UTF8.GetBytes(
        new XElement(
            "qemu-migration",
            new XElement("name", uuid.ToString("D")), new XElement("uuid", uuid.ToString("D")),
            new XElement("hostname", "another"), new XElement("hostuuid", Guid.NewGuid().ToString("D")),
            new XElement("capabilities")).ToString(SaveOptions.DisableFormatting) + "\0");

    /// <summary>
    /// What stands before the memory in a file that libvirt resumes a guest from. So the guest's memory, as it comes from the other host,
    /// is resumed as if it came from one.
    /// </summary>
    internal byte[] Header()
    {
        var (xml, cookie) = (Encoding.UTF8.GetBytes(Xml + "\0"), Cpu is null ? [] : Encoding.UTF8.GetBytes($"<cookie>{Cpu}</cookie>\0"));
        var header = new byte[HeaderBytes + xml.Length + cookie.Length];
        "LibvirtQemudSave"u8.CopyTo(header);
        uint[] numbers = [2, (uint)(xml.Length + cookie.Length), 1, 0, cookie.Length == 0 ? 0 : (uint)xml.Length];
        MemoryMarshal.AsBytes<uint>(numbers).CopyTo(header.AsSpan(16));
        xml.CopyTo(header, HeaderBytes);
        cookie.CopyTo(header, HeaderBytes + xml.Length);
        return header;
    }
}
