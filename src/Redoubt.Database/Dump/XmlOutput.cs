using System.Buffers;
using System.Text;

namespace Redoubt.Database.Dump;

/// <summary>
/// The buffered bytes of a dump on their way to a stream, with the escaping that xapi's XML writer applies: &lt; &gt; &amp; and the double
/// quote.
/// </summary>
internal sealed class XmlOutput(Stream stream)
{
    private const int LongestRun = 8 * 1024;
    private static readonly SearchValues<char> Special = SearchValues.Create("<>&\"\t\n\r% ");
    private static readonly SearchValues<char> SpecialInText = SearchValues.Create("<>&\"\t\n\r");
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Dictionary<string, byte[]?> _columns = [];
    private int _used;
    private long _flushed;

    /// <summary>Writes bytes as they are.</summary>
    public void Markup(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _used < bytes.Length)
            Flush();
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Closes the value before and begins a column; false when the name cannot be one.</summary>
    public bool Column(string name)
    {
        if (!_columns.TryGetValue(name, out var opening))
        {
            opening = DumpText.IsColumnName(name) ? Encoding.UTF8.GetBytes($"\" {name}=\"") : null;
            _columns.Add(name, opening);
        }

        if (opening is not null)
            Markup(opening);
        return opening is not null;
    }

    /// <summary>Writes a value of a column: white space protected, then escaped.</summary>
    public void Protected(string value) => Escaped(value, Special, isProtected: true);

    /// <summary>Writes any other attribute value: escaped only.</summary>
    public void Text(string value) => Escaped(value, SpecialInText, isProtected: false);

    /// <summary>Hands over what is buffered and answers how many bytes there were in all.</summary>
    public long Finish()
    {
        Flush();
        return _flushed;
    }

    private void Escaped(ReadOnlySpan<char> value, SearchValues<char> special, bool isProtected)
    {
        while (true)
        {
            var plain = value.IndexOfAny(special);
            Run(plain < 0 ? value : value[..plain]);
            if (plain < 0)
                return;
            var c = value[plain];
            var code = isProtected ? SpaceProtection.Code(c) : '\0';
            if (code != '\0')
                Markup([(byte)'%', (byte)code]);
            else
                Markup(c switch
                {
                    '<' => "&lt;"u8,
                    '>' => "&gt;"u8,
                    '&' => "&amp;"u8,
                    '"' => "&quot;"u8,
                    // Outside columns nothing protects these; as references they survive, which bare ones would not.
                    '\t' => "&#9;"u8,
                    '\n' => "&#10;"u8,
                    _ => "&#13;"u8,
                });
            value = value[(plain + 1)..];
        }
    }

    private void Run(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            var length = Math.Min(text.Length, LongestRun);
            if (length < text.Length && char.IsHighSurrogate(text[length - 1]))
                length--;
            if (_buffer.Length - _used < length * 3)
                Flush();
            _used += Encoding.UTF8.GetBytes(text[..length], _buffer.AsSpan(_used));
            text = text[length..];
        }
    }

    private void Flush()
    {
        stream.Write(_buffer, 0, _used);
        _flushed += _used;
        _used = 0;
    }
}
