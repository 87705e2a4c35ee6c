using System.Xml;

namespace Redoubt.XenApi;

/// <summary>Keeps text within what XML can carry.</summary>
public static class XmlText
{
    /// <summary>The text with every character that XML 1.0 forbids replaced by <c>U+FFFD</c>.</summary>
    public static string Clean(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsAllowed(text, ref i))
            {
                return CleanAll(text);
            }
        }

        return text;
    }

    /// <summary><see cref="Clean"/> on one line.</summary>
    public static string CleanLine(string text) => Clean(text).Replace('\n', ' ').Replace('\r', ' ');

    private static string CleanAll(string text)
    {
        var clean = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var start = i;
            if (IsAllowed(text, ref i))
            {
                clean.Append(text, start, i - start + 1);
            }
            else
            {
                clean.Append('\uFFFD');
            }
        }

        return clean.ToString();
    }

    private static bool IsAllowed(string text, ref int i)
    {
        if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
        {
            i++;
            return true;
        }

        return XmlConvert.IsXmlChar(text[i]);
    }
}
