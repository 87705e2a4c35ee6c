using System.Text;

namespace Redoubt.Database.Dump;

/// <summary>
/// A forward-only scanner for the small part of XML that dumps use: tags, attributes, comments, processing instructions, character and
/// predefined entity references, in UTF-8. Document types and CDATA are refused, text other than white space too.
/// </summary>
/// <remarks>
/// <see cref="System.Xml.XmlReader"/> was rejected for one reason that cannot be configured away: it refuses an element that has an
/// attribute twice, and rows with two <c>ref</c> attributes exist and are readable to xapi. On the way this gives exact byte positions,
/// which a journal wants to report, and speed. A test holds the two to the same result on every document both accept.
/// </remarks>
internal sealed class XmlScanner(Stream stream, DumpLimits limits)
{
    private readonly NameCache _names = new();
    private readonly ValueCache _values = new();
    private byte[] _buffer = new byte[64 * 1024];
    private byte[] _decoded = new byte[256];
    private int _next;
    private int _end;
    private long _bufferAt;
    private bool _inTag;
    private bool _atEndOfStream;

    /// <summary>The byte the scanner stands on.</summary>
    public long Position => _bufferAt + _next;

    /// <summary>Name of the tag that <see cref="NextTag"/> stopped at.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Whether that tag is an end tag.</summary>
    public bool IsEnd { get; private set; }

    /// <summary>Whether the tag was closed by <c>/&gt;</c>; known once its attributes have been read.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>Name of the attribute that <see cref="NextAttribute"/> stopped at.</summary>
    public string AttributeName { get; private set; } = "";

    /// <summary>Its value with references resolved; white space still protected.</summary>
    public string AttributeValue { get; private set; } = "";

    /// <summary>Makes the failure for the place the scanner stands on.</summary>
    public DumpFormatException Fail(string found) => new(Position, found);

    /// <summary>Goes to the next start or end tag; false at the end of the document.</summary>
    public bool NextTag()
    {
        if (_inTag)
            throw new InvalidOperationException("the attributes of the tag before were not read to their end");
        if (Position == 0 && Has(3) && _buffer.AsSpan(_next, 3).SequenceEqual("\uFEFF"u8))
            _next += 3;
        while (true)
        {
            SkipWhiteSpace();
            if (!Has(1))
                return false;
            if (_buffer[_next] != '<')
                throw Fail("text between the tags");
            if (!Has(2))
                throw Fail("the document ends inside a tag");
            switch (_buffer[_next + 1])
            {
                case (byte)'?':
                    SkipInstruction();
                    continue;
                case (byte)'!':
                    SkipComment();
                    continue;
                case (byte)'/':
                    _next += 2;
                    (Name, IsEnd, IsEmpty) = (ReadName(), true, false);
                    SkipWhiteSpace();
                    Expect((byte)'>');
                    return true;
                default:
                    _next++;
                    (Name, IsEnd, IsEmpty) = (ReadName(), false, false);
                    _inTag = true;
                    return true;
            }
        }
    }

    /// <summary>Goes to the next attribute of a start tag; false when the tag has ended.</summary>
    public bool NextAttribute()
    {
        var separated = SkipWhiteSpace();
        if (!Has(1))
            throw Fail("the document ends inside a tag");
        if (_buffer[_next] is (byte)'/' or (byte)'>')
        {
            IsEmpty = _buffer[_next] == '/';
            if (IsEmpty)
                _next++;
            Expect((byte)'>');
            _inTag = false;
            return false;
        }

        if (!separated)
            throw Fail("an attribute that no white space separates from what is before it");
        AttributeName = ReadName();
        SkipWhiteSpace();
        Expect((byte)'=');
        SkipWhiteSpace();
        AttributeValue = ReadValue();
        return true;
    }

    private string ReadName()
    {
        var length = 0;
        while (Has(length + 1) && _buffer[_next + length] is not ((byte)' ' or (byte)'=' or (byte)'>' or (byte)'/' or (byte)'\t' or (byte)'\n' or (byte)'\r'))
        {
            if (++length > limits.NameBytes)
                throw Fail($"a name of more than {limits.NameBytes} bytes");
        }

        var name = _names.Get(_buffer.AsSpan(_next, length)) ?? throw Fail("no valid name where one should be");
        _next += length;
        return name;
    }

    private string ReadValue()
    {
        if (!Has(1) || _buffer[_next] is not ((byte)'"' or (byte)'\''))
            throw Fail("no quotation mark before a value");
        var quote = _buffer[_next++];
        var length = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_next + length, _end - _next - length).IndexOf(quote);
            length = found < 0 ? _end - _next : length + found;
            if (length > limits.ValueBytes)
                throw Fail($"a value of more than {limits.ValueBytes} bytes");
            if (found >= 0)
                break;
            if (!Has(length + 1))
                throw Fail("the document ends inside a value");
        }

        var raw = _buffer.AsSpan(_next, length);
        string value;
        try
        {
            value = _values.Get(raw.IndexOfAny("&<\t\n\r"u8) < 0 ? raw : Decode(raw));
        }
        catch (DecoderFallbackException)
        {
            throw Fail("a value that is not UTF-8");
        }

        if (DumpText.IndexOfForbidden(value) is var bad and >= 0)
            throw Fail($"a value with the character U+{(int)value[bad]:X4}, which XML does not have");
        _next += length + 1;
        return value;
    }

    /// <summary>Resolves references and turns bare white space into spaces, as XML asks of attribute values.</summary>
    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> raw)
    {
        if (_decoded.Length < raw.Length)
            _decoded = new byte[Math.Max(raw.Length, _decoded.Length * 2)];
        var to = 0;
        for (var at = 0; at < raw.Length; at++)
        {
            switch (raw[at])
            {
                case (byte)'<':
                    throw Fail("a '<' inside a value");
                case (byte)'&':
                    var length = raw[at..].IndexOf((byte)';');
                    if (length is < 2 or > 12)
                        throw Fail("a '&' that begins no reference");
                    to += Reference(raw.Slice(at + 1, length - 1)).EncodeToUtf8(_decoded.AsSpan(to));
                    at += length;
                    break;
                case (byte)'\r' when at + 1 < raw.Length && raw[at + 1] == '\n':
                    break;
                case (byte)'\t' or (byte)'\n' or (byte)'\r':
                    _decoded[to++] = (byte)' ';
                    break;
                default:
                    _decoded[to++] = raw[at];
                    break;
            }
        }

        return _decoded.AsSpan(0, to);
    }

    private Rune Reference(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("amp"u8))
            return new Rune('&');
        if (name.SequenceEqual("lt"u8))
            return new Rune('<');
        if (name.SequenceEqual("gt"u8))
            return new Rune('>');
        if (name.SequenceEqual("quot"u8))
            return new Rune('"');
        if (name.SequenceEqual("apos"u8))
            return new Rune('\'');
        var number = name[0] != '#' ? -1 : Number(name[1..]);
        return Rune.IsValid(number) ? new Rune(number) : throw Fail($"the unknown reference '&{Encoding.Latin1.GetString(name)};'");
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        var hexadecimal = digits.Length > 1 && digits[0] == 'x';
        var style = hexadecimal ? System.Globalization.NumberStyles.AllowHexSpecifier : System.Globalization.NumberStyles.None;
        return int.TryParse(hexadecimal ? digits[1..] : digits, style, null, out var number) ? number : -1;
    }

    private void SkipInstruction()
    {
        var isDeclaration = Has(6) && _buffer.AsSpan(_next, 6).SequenceEqual("<?xml "u8);
        var length = IndexOf("?>"u8, 2, limits.NameBytes * 2, "a processing instruction");
        if (isDeclaration && Encoding.Latin1.GetString(_buffer, _next, length) is var text
            && text.Contains("encoding", StringComparison.Ordinal)
            && !text.Contains("UTF-8", StringComparison.OrdinalIgnoreCase)
                && !text.Contains("US-ASCII", StringComparison.OrdinalIgnoreCase))
            throw Fail("an encoding other than UTF-8");
        _next += length + 2;
    }

    private void SkipComment()
    {
        if (!Has(4) || !_buffer.AsSpan(_next, 4).SequenceEqual("<!--"u8))
            throw Fail("a document type or CDATA section");
        _next += IndexOf("-->"u8, 4, 1 << 20, "a comment") + 3;
    }

    private int IndexOf(ReadOnlySpan<byte> mark, int from, int longest, string what)
    {
        for (var length = from; length < longest; length++)
        {
            if (!Has(length + mark.Length))
                throw Fail($"the document ends inside {what}");
            if (_buffer.AsSpan(_next + length, mark.Length).SequenceEqual(mark))
                return length;
        }

        throw Fail($"{what} of more than {longest} bytes");
    }

    private bool SkipWhiteSpace()
    {
        var any = false;
        for (; Has(1) && _buffer[_next] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r'; _next++)
            any = true;
        return any;
    }

    private void Expect(byte wanted)
    {
        if (!Has(1))
            throw Fail("the document ends inside a tag");
        if (_buffer[_next] != wanted)
            throw Fail($"byte 0x{_buffer[_next]:x2} where '{(char)wanted}' should be");
        _next++;
    }

    /// <summary>
    /// Whether that many bytes lie ahead, reading on when they do not. The buffer grows with bytes that came, never by a length that is
    /// claimed.
    /// </summary>
    private bool Has(int count)
    {
        while (_end - _next < count && !_atEndOfStream)
        {
            if (_next > 0)
            {
                Buffer.BlockCopy(_buffer, _next, _buffer, 0, _end - _next);
                (_bufferAt, _end, _next) = (_bufferAt + _next, _end - _next, 0);
            }

            if (_end == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _atEndOfStream = read == 0;
            _end += read;
            if (_bufferAt + _end > limits.DocumentBytes)
                throw Fail($"a document of more than {limits.DocumentBytes} bytes");
        }

        return _end - _next >= count;
    }
}
