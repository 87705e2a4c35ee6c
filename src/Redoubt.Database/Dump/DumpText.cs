using System.Text;
using System.Xml;

namespace Redoubt.Database.Dump;

/// <summary>What XML 1.0 can carry. Values and names are held to it on every way in, so that any accepted state can be dumped.</summary>
internal static class DumpText
{
    /// <summary>UTF-8 without a mark, throwing on bytes that are none.</summary>
    public static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The index of the first character that no XML document can hold (a control character, half a surrogate pair), or -1.
    /// </summary>
    public static int IndexOfForbidden(ReadOnlySpan<char> value)
    {
        // Nearly every value is printable ASCII; the vectorised search settles it.
        var at = value.IndexOfAnyExceptInRange(' ', '~');
        if (at < 0)
            return -1;
        for (; at < value.Length; at++)
        {
            if (XmlConvert.IsXmlChar(value[at]))
                continue;
            if (at + 1 >= value.Length || !XmlConvert.IsXmlSurrogatePair(value[at + 1], value[at]))
                return at;
            at++;
        }

        return -1;
    }

    /// <summary>Whether this can be a column: an XML name without a colon that does not mean something else on a row.</summary>
    public static bool IsColumnName(string name) => IsName(name) && name is not ("ref" or "__ctime" or "__mtime" or "xmlns");

    /// <summary>Whether this is an XML name without a colon.</summary>
    public static bool IsName(string name)
    {
        if (name.Length == 0 || !XmlConvert.IsStartNCNameChar(name[0]))
            return false;
        foreach (var c in name.AsSpan(1))
        {
            if (!XmlConvert.IsNCNameChar(c))
                return false;
        }

        return true;
    }
}
