using System.Collections;

namespace Redoubt.XenApi;

/// <summary>Writes a caller's arguments as the message's declaration says, from typed values or from plain ones.</summary>
/// <remarks>
/// Plain means: text for a reference or an enum, <c>int</c> for a whole number, any sequence for a set, any dictionary for a map. The
/// engine calls with typed values; a command line has only text.
/// </remarks>
internal static class ArgumentWriter
{
    /// <exception cref="ArgumentException">The value can't be of this type.</exception>
    public static void Write(IWireWriter writer, XenType type, object? value)
    {
        switch (value)
        {
            case WireValue wire: wire.WriteTo(writer); break;
            case Record record: WriteNew(writer, record); break;
            case IRef reference when type is IRefType: writer.String(reference.Opaque); break;
            case string text when type is IRefType or IEnumType: writer.String(text); break;
            case int number when type == XenTypes.Int: writer.Int(number); break;
            case int number when type == XenTypes.Float: writer.Float(number); break;
            case IDictionary map when type is IMapType declared && !type.ClrType.IsInstanceOfType(value):
                WriteMap(writer, declared, map);
                break;
            case IEnumerable set when type is ISetType declared && !type.ClrType.IsInstanceOfType(value):
                WriteSet(writer, declared, set);
                break;
            default:
                if (value is null || !type.ClrType.IsInstanceOfType(value))
                {
                    throw new ArgumentException($"A {value?.GetType().Name ?? "null"} is no {type}.", nameof(value));
                }

                type.WriteObject(writer, value);
                break;
        }
    }

    /// <summary>
    /// Writes an argument of a message that this data model does not know: the value's own type is all there is to go by.
    /// </summary>
    public static void WriteUndeclared(IWireWriter writer, object? value)
    {
        switch (value)
        {
            case WireValue wire: wire.WriteTo(writer); break;
            case IRef reference: writer.String(reference.Opaque); break;
            case string text: writer.String(text); break;
            case bool truth: writer.Bool(truth); break;
            case int number: writer.Int(number); break;
            case long number: writer.Int(number); break;
            case double number: writer.Float(number); break;
            case IReadOnlyDictionary<string, string> map: WriteMap(writer, map); break;
            case IEnumerable<string> words: new WireArray([.. words.Select(w => new WireString(w))]).WriteTo(writer); break;
            default:
                throw new ArgumentException(
                    $"A {value?.GetType().Name ?? "null"} can't be sent in an undeclared message.", nameof(value));
        }
    }

    private static void WriteMap(IWireWriter writer, IReadOnlyDictionary<string, string> map)
    {
        writer.BeginStruct();
        foreach (var (key, value) in map)
        {
            writer.Key(key);
            writer.String(value);
        }

        writer.EndStruct();
    }

    // Whoever creates an object decides these fields only. The others have no sensible value yet, and a strict server would refuse to
    // read what stands in for one.
    private static void WriteNew(IWireWriter writer, Record record)
    {
        writer.BeginStruct();
        foreach (var field in record.DeclaredClass.Fields.Where(f => f.Access is FieldAccess.ReadWrite or FieldAccess.Constructor))
        {
            writer.Key(field.Name);
            field.Write(writer, record);
        }

        writer.EndStruct();
    }

    private static void WriteMap(IWireWriter writer, IMapType type, IDictionary map)
    {
        writer.BeginStruct();
        foreach (DictionaryEntry entry in map)
        {
            writer.Key(entry.Key is IRef reference ? reference.Opaque : entry.Key.ToString()!);
            Write(writer, type.Value, entry.Value);
        }

        writer.EndStruct();
    }

    private static void WriteSet(IWireWriter writer, ISetType type, IEnumerable set)
    {
        writer.BeginArray();
        foreach (var item in set)
        {
            Write(writer, type.Element, item);
        }

        writer.EndArray();
    }
}
