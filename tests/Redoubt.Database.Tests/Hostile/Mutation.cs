using System.Text;

namespace Redoubt.Database.Tests.Hostile;

/// <summary>Bytes that were right once.</summary>
internal static class Mutation
{
    private static readonly byte[][] Morsels =
    [
        .. new[]
        {
            "-1", "99999999999999999999", "9223372036854775807", "<", ">", "\"", "'", "&lol;", "&#0;", "&amp;", "%", "%.", "%n", "%%", "(", ")", "((((", "/>", "<row/>", "<table name=\"T\">", "</database>",
            "<!DOCTYPE a [<!ENTITY lol \"lol\">]>", "<![CDATA[x]]>", "<!--", "ref=\"r\"", "write__", "delrow_", "createrow", new string('9', 300), new string('a', 600),
        }.Select(Encoding.UTF8.GetBytes),
        [0x00], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE],
    ];

    /// <summary>The bytes with one to four things done to them.</summary>
    public static byte[] Of(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 60), bytes.Count - at);
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
