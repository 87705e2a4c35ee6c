using System.Text;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Bytes that were right once.</summary>
internal static class Mutation
{
    // What parsers stumble over.
    private static readonly byte[][] Morsels =
    [
        .. new[]
        {
            "999999999999999999999999999", "-1", "1e999", "NaN", "null", "\\ud800", "\\u0000", "\"", "\\", "[", "{", "]", "}", ",", "<", ">", "&lol;", "&#0;", "&#xFFFFFFFF;",
            "<![CDATA[", "]]>", "<!--", "<?x ?>", "<value>", "</value>", "<struct>", "<nil/>", "<base64>", "%s%n", "' or 1=1", "OpaqueRef:NULL", "../../../etc/passwd", "\r\n\r\n",
            new string('[', 70), new string('9', 400), "<!DOCTYPE a [<!ENTITY lol \"lol\"><!ENTITY l2 \"&lol;&lol;&lol;\">]>",
        }.Select(Encoding.UTF8.GetBytes),
        [0x00], [0xFF, 0xFE], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xBB, 0xBF],
    ];

    /// <summary>The bytes with one to four things done to them.</summary>
    public static byte[] Of(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes.InsertRange(at, Morsels[random.Next(Morsels.Length)]); break;
            }
        }

        return [.. bytes];
    }
}
