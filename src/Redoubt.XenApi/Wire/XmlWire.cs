using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

namespace Redoubt.XenApi;

/// <summary>Reads values written as XML-RPC.</summary>
public static partial class XmlWire
{
    /// <summary>How deep values may be nested.</summary>
    public const int MaxDepth = 64;

    // A tag may be long, but not so long that it would take more than its length in time and memory to read it.
    private static readonly XmlDictionaryReaderQuotas Quotas = new()
    {
        MaxDepth = 16 * MaxDepth,
        MaxStringContentLength = int.MaxValue,
        MaxBytesPerRead = 64 << 10,
        MaxNameTableCharCount = 64 << 10,
    };

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        IgnoreComments = true,
    };

    /// <summary>
    /// Parses XML from outside, in time that grows with its length and no faster: no DTD, so no entities and nothing fetched; no tag
    /// longer than 64 KiB. It may be written as UTF-8 or UTF-16, or in ASCII or Latin-1 where <paramref name="input"/> can seek.
    /// </summary>
    /// <remarks>
    /// Reading throws an <see cref="XmlException"/> where it is not XML, and for some names that are none an
    /// <see cref="ArgumentException"/>.
    /// </remarks>
    public static XmlReader Open(Stream input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var (text, encoding) = input.CanSeek && Latin1From(input)
            ? (Encoding.CreateTranscodingStream(input, Encoding.Latin1, Encoding.UTF8), Encoding.UTF8)
            : (input, null);
        return XmlReader.Create(XmlDictionaryReader.CreateTextReader(text, encoding, Quotas, null), Settings);
    }

    // The reader knows only Unicode. A declaration of Latin-1, of which ASCII is a part, is passed over; otherwise the stream stays where
    // it is.
    private static bool Latin1From(Stream input)
    {
        var start = input.Position;
        var head = new byte[128];
        var declaration = Latin1Declaration().Match(
            Encoding.Latin1.GetString(head, 0, input.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
        input.Position = start + declaration.Length;
        return declaration.Success;
    }

    [GeneratedRegex(
        """^<\?xml\s[^>]*encoding\s*=\s*["'](?:us-ascii|iso-8859-1)["'][^>]*\?>""", RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Latin1Declaration();

    /// <summary>Reads a <c>value</c> element; the reader stands on it and is moved past it.</summary>
    /// <exception cref="WireFormatException">It is not XML-RPC, or nested too deep.</exception>
    public static WireValue ReadValue(XmlReader xml, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            throw new WireFormatException($"values nested deeper than {MaxDepth}");
        }

        Expect(xml, "value");
        if (xml.IsEmptyElement)
        {
            xml.Read();
            return new WireString("");
        }

        xml.Read();
        var text = ReadText(xml);
        WireValue value = new WireString(text);
        if (xml.NodeType == XmlNodeType.Element)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                throw new WireFormatException("text and an element in one value");
            }

            value = ReadTyped(xml, depth);
            xml.MoveToContent();
        }

        End(xml, "value");
        return value;
    }

    /// <summary>Moves into an element of this name, for readers of long texts who take them piece by piece.</summary>
    /// <returns>Whether the element has an end of its own; one written as <c>&lt;name/&gt;</c> has been passed.</returns>
    /// <exception cref="WireFormatException">Another element is next, or none.</exception>
    public static bool Begin(XmlReader xml, string name)
    {
        Expect(xml, name);
        var empty = xml.IsEmptyElement;
        xml.Read();
        xml.MoveToContent();
        return !empty;
    }

    /// <summary>Moves out of an element of this name.</summary>
    /// <exception cref="WireFormatException">There is more in it.</exception>
    public static void End(XmlReader xml, string name)
    {
        xml.MoveToContent();
        if (xml.NodeType != XmlNodeType.EndElement || xml.LocalName != name)
        {
            throw new WireFormatException($"expected the end of {name}, found {xml.NodeType} {xml.LocalName}");
        }

        xml.Read();
        xml.MoveToContent();
    }

    private static void Expect(XmlReader xml, string name)
    {
        xml.MoveToContent();
        if (xml.NodeType != XmlNodeType.Element || xml.LocalName != name)
        {
            throw new WireFormatException($"expected {name}, found {xml.NodeType} {xml.LocalName}");
        }
    }

    private static WireValue ReadTyped(XmlReader xml, int depth)
    {
        var type = xml.LocalName;
        switch (type)
        {
            case "array": return ReadArray(xml, depth);
            case "struct": return ReadStruct(xml, depth);
            case "nil":
                if (Begin(xml, type))
                {
                    End(xml, type);
                }

                return WireNull.Instance;
        }

        var text = "";
        if (!xml.IsEmptyElement)
        {
            xml.Read();
            text = ReadText(xml);
            End(xml, type);
        }
        else
        {
            xml.Read();
        }

        return type switch
        {
            "string" or "dateTime.iso8601" or "base64" => new WireString(text),
            "i4" or "int" or "i8" => long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                ? new WireInt(whole)
                : throw new WireFormatException("an int that is no number"),
            "double" => double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? new WireFloat(number)
                : throw new WireFormatException("a double that is no number"),
            "boolean" => text.Trim() switch
            {
                "1" or "true" => new WireBool(true),
                "0" or "false" => new WireBool(false),
                _ => throw new WireFormatException("a boolean that is neither 0 nor 1"),
            },
            _ => throw new WireFormatException($"unknown type {type}"),
        };
    }

    private static WireArray ReadArray(XmlReader xml, int depth)
    {
        var items = new List<WireValue>();
        if (Begin(xml, "array"))
        {
            if (Begin(xml, "data"))
            {
                while (xml.NodeType == XmlNodeType.Element)
                {
                    items.Add(ReadValue(xml, depth + 1));
                    xml.MoveToContent();
                }

                End(xml, "data");
            }

            End(xml, "array");
        }

        return new WireArray(items);
    }

    private static WireStruct ReadStruct(XmlReader xml, int depth)
    {
        var members = new List<KeyValuePair<string, WireValue>>();
        if (Begin(xml, "struct"))
        {
            while (xml.NodeType == XmlNodeType.Element)
            {
                Begin(xml, "member");
                Expect(xml, "name");
                var name = "";
                if (xml.IsEmptyElement)
                {
                    xml.Read();
                }
                else
                {
                    xml.Read();
                    name = ReadText(xml);
                    End(xml, "name");
                }

                members.Add(new(name, ReadValue(xml, depth + 1)));
                End(xml, "member");
            }

            End(xml, "struct");
        }

        return new WireStruct(members);
    }

    private static string ReadText(XmlReader xml)
    {
        var text = "";
        StringBuilder? pieces = null;
        while (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
        {
            // Nearly always there is one piece; a million of them must not cost the square of that.
            if (text.Length == 0 && pieces is null)
            {
                text = xml.Value;
            }
            else
            {
                (pieces ??= new StringBuilder(text)).Append(xml.Value);
            }

            xml.Read();
        }

        // The reader lets a reference stand for what is no character.
        return XmlConvert.VerifyXmlChars(pieces?.ToString() ?? text);
    }
}
