using System.Buffers;
using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>
/// The text of deltas.
/// <code>
/// create := "CreateRow" str(table) str(ref) num(n) n × ( str(column) str(value) )
/// delete := "DeleteRow" str(table) str(ref)
/// write  := "WriteFiel" str(table) str(ref) str(field) str(value)
/// str(s) := num(bytes of s) s          UTF-8, neither escaped nor protected
/// num(n) := 8 decimal digits
/// </code>
/// The tags have nine bytes each, hence <c>WriteFiel</c>.
/// </summary>
/// <remarks>
/// Decoding is stricter than xapi's on purpose. A writer always leaves exact digits, nothing behind the last value, names that are
/// names and characters that XML has; whatever does not is damage, and the format has no other means to tell.
/// </remarks>
public static class DeltaCodec
{
    private const int NumBytes = 8;
    private const int MaxString = 99_999_999;
    private const int MaxColumns = 2048;
    private const int TagBytes = 9;

    /// <summary>Appends the text of a delta.</summary>
    /// <exception cref="ArgumentException">It holds a character or a column name that a dump could not carry later.</exception>
    public static void Encode(Delta delta, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(delta);
        ArgumentNullException.ThrowIfNull(output);
        output.Write(delta switch
        {
            Delta.CreateRow => "CreateRow"u8,
            Delta.DeleteRow => "DeleteRow"u8,
            Delta.WriteField => "WriteFiel"u8,
            _ => throw new System.Diagnostics.UnreachableException(),
        });
        String(output, delta.Table);
        String(output, delta.Ref);
        switch (delta)
        {
            case Delta.CreateRow create:
                if (create.Columns.Count > MaxColumns)
                    throw new ArgumentException($"a row of {create.Columns.Count} columns; {MaxColumns} are the most", nameof(delta));
                Number(output, create.Columns.Count);
                for (var i = 0; i < create.Columns.Count; i++)
                {
                    var (name, value) = create.Columns.At(i);
                    Column(output, name);
                    String(output, value);
                }

                break;
            case Delta.WriteField write:
                Column(output, write.Field);
                String(output, write.Value);
                break;
        }
    }

    /// <summary>The delta, or <see langword="null"/> and what is wrong with the bytes. Never throws on content.</summary>
    public static Delta? Decode(ReadOnlySpan<byte> bytes, out string? problem)
    {
        var cursor = new DeltaCursor(bytes);
        var tag = cursor.Take(TagBytes);
        var table = cursor.String("table");
        var reference = cursor.String("ref");
        Delta? delta = null;
        if (tag.SequenceEqual("CreateRow"u8))
        {
            var columns = Columns(ref cursor);
            delta = columns is null ? null : new Delta.CreateRow(table, reference, columns);
        }
        else if (tag.SequenceEqual("DeleteRow"u8))
        {
            delta = new Delta.DeleteRow(table, reference);
        }
        else if (tag.SequenceEqual("WriteFiel"u8))
        {
            delta = new Delta.WriteField(table, reference, cursor.Column(), cursor.String("value"));
        }
        else
        {
            problem = "it has an unknown kind";
            return null;
        }

        problem = cursor.End();
        return problem is null ? delta : null;
    }

    private static RowColumns? Columns(ref DeltaCursor cursor)
    {
        var count = cursor.Number();
        if (count > MaxColumns)
            cursor.Fail($"it claims {count} columns");
        var pairs = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < count && !cursor.Failed; i++)
            pairs.Add(new(cursor.Column(), cursor.String("value")));
        if (cursor.Failed)
            return null;
        try
        {
            return RowColumns.From(pairs);
        }
        catch (ArgumentException)
        {
            cursor.Fail("it gives a column twice");
            return null;
        }
    }

    private static void Column(IBufferWriter<byte> output, string name)
    {
        if (!DumpText.IsColumnName(name))
            throw new ArgumentException($"'{name}' cannot be the name of a column", nameof(name));
        String(output, name);
    }

    private static void String(IBufferWriter<byte> output, string value)
    {
        if (DumpText.IndexOfForbidden(value) is var bad and >= 0)
            throw new ArgumentException($"the character U+{(int)value[bad]:X4}, which a dump cannot carry", nameof(value));
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > MaxString)
            throw new ArgumentException($"a string of {length} bytes; {MaxString} are the most", nameof(value));
        Number(output, length);
        Encoding.UTF8.GetBytes(value, output);
    }

    private static void Number(IBufferWriter<byte> output, int number)
    {
        JournalNumber.Write(number, output.GetSpan(NumBytes)[..NumBytes]);
        output.Advance(NumBytes);
    }
}
