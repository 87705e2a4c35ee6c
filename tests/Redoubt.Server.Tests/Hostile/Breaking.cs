using System.Text;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>What breaks the bytes that these parsers read.</summary>
internal static class Breaking
{
    // What parsers stumble over.
    private static readonly byte[][] Morsels =
    [
        .. new[]
        {
            "999999999999999999999999999", "-1", "1e999", "NaN", "null", "\\ud800", "\\u0000", "\"", "\\", "[", "{", "]", "}", ",", "<",
            ">", "&lol;", "&#0;", "&#xFFFFFFFF;",
            "<![CDATA[", "]]>", "<!--", "<?x ?>", "<value>", "</value>", "<struct>", "<nil/>", "<base64>", "%s%n", "' or 1=1",
            "OpaqueRef:NULL", "../../../etc/passwd", "\r\n\r\n",
            new string('[', 70), new string('9', 400), "<!DOCTYPE a [<!ENTITY lol \"lol\"><!ENTITY l2 \"&lol;&lol;&lol;\">]>",
        }.Select(Encoding.UTF8.GetBytes),
        [0x00], [0xFF, 0xFE], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xBB, 0xBF],
    ];

    public static Mutation Mutation { get; } = new(Morsels, longest: 40);
}
