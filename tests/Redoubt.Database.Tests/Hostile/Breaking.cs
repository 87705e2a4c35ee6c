using System.Text;

namespace Redoubt.Database.Tests.Hostile;

/// <summary>What breaks the bytes that these parsers read.</summary>
internal static class Breaking
{
    private static readonly byte[][] Morsels =
    [
        .. new[]
        {
            "-1", "99999999999999999999", "9223372036854775807", "<", ">", "\"", "'", "&lol;", "&#0;", "&amp;", "%", "%.", "%n", "%%", "(",
            ")", "((((", "/>", "<row/>", "<table name=\"T\">", "</database>",
            "<!DOCTYPE a [<!ENTITY lol \"lol\">]>", "<![CDATA[x]]>", "<!--", "ref=\"r\"", "write__", "delrow_", "createrow",
            new string('9', 300), new string('a', 600),
        }.Select(Encoding.UTF8.GetBytes),
        [0x00], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE],
    ];

    public static Mutation Mutation { get; } = new(Morsels, longest: 60);
}
