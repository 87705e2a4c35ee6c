using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A disk that a template asks for: VMs made from it get one when they are provisioned. Pure.</summary>
/// <param name="Device">Where the VM has it: <c>VBD.userdevice</c>.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Sr">The UUID of the SR that it is to lie on; empty for the pool's default one.</param>
/// <param name="IsBootable">Whether it is marked as one to boot from.</param>
/// <param name="Type">What kind of disk it is.</param>
internal sealed record ProvisionedDisk(string Device, long SizeBytes, string Sr, bool IsBootable, VdiType Type)
{
    /// <summary>The key of a template's <c>other_config</c> under which XenServer's tools, too, keep what disks it asks for.</summary>
    public const string Key = "disks";

    // <provision><disk device="0" size="8589934592" sr="" bootable="true" type="system"/></provision>
    private const string Root = "provision";

    // XenServer's own is a few hundred characters.
    private const int LongestText = 64 << 10;

    private static readonly XmlReaderSettings Plain = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        MaxCharactersInDocument = LongestText,
    };

    /// <summary>The disks that a VM's <c>other_config</c> asks for; none if it says nothing.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it says something that can't be understood.</exception>
    public static IReadOnlyList<ProvisionedDisk> Of(VmRecord vm)
    {
        if (vm.OtherConfig.GetValueOrDefault(Key) is not { } text)
        {
            return [];
        }

        try
        {
            using var reader = XmlReader.Create(new StringReader(text), Plain);
            var root = XDocument.Load(reader).Root!;
            return root.Name == Root
                ? [.. root.Elements("disk").Select(Parse)]
                : throw new FormatException($"its root is {root.Name}, not {Root}");
        }
        catch (Exception wrong) when (wrong is XmlException or FormatException)
        {
            throw new XenApiException(wrong, "INVALID_VALUE", $"other_config:{Key}", $"{BriefText.Of(text)} ({wrong.Message})");
        }
    }

    /// <summary>The text by which a template asks for disks.</summary>
    public static string Text(params IEnumerable<ProvisionedDisk> disks) => new XElement(Root, disks.Select(d => new XElement(
        "disk",
        new XAttribute("device", d.Device),
        new XAttribute("size", d.SizeBytes),
        new XAttribute("sr", d.Sr),
        new XAttribute("bootable", d.IsBootable ? "true" : "false"),
        new XAttribute("type", VdiTypeType.Instance.Encode(d.Type))))).ToString(SaveOptions.DisableFormatting);

    private static ProvisionedDisk Parse(XElement disk)
    {
        string Required(string name) => (string?)disk.Attribute(name) ?? throw new FormatException($"a disk has no {name}");
        var size = Required("size");
        var type = (string?)disk.Attribute("type") switch
        {
            "system" => VdiType.System,
            null or "" or "user" => VdiType.User,
            var other => throw new FormatException($"{other} is no type of such a disk"),
        };
        return long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0
            ? new(Required("device"), bytes, (string?)disk.Attribute("sr") ?? "", (string?)disk.Attribute("bootable") == "true", type)
            : throw new FormatException($"{size} is no size");
    }
}
