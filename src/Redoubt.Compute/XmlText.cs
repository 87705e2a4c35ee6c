using System.Text;
using System.Xml;

namespace Redoubt.Compute;

/// <summary>Text as XML 1.0 can carry it.</summary>
internal static class XmlText
{
    /// <summary>Replaces what XML cannot say at all, even escaped (most control characters, lone surrogates), by U+FFFD.</summary>
    internal static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
                clean.Append(text[i]).Append(text[++i]);
            else
                clean.Append(XmlConvert.IsXmlChar(text[i]) ? text[i] : '\uFFFD');
        }

        return clean.ToString();
    }

    /// <summary><see cref="Clean"/> on one line: libvirt refuses a title with a line break.</summary>
    internal static string CleanLine(string text) => Clean(text).Replace('\n', ' ').Replace('\r', ' ');
}
