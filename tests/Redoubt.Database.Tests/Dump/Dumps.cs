using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Tests.Dump;

internal static class Dumps
{
    public static DatabaseDump Of(long generation, params DumpTable[] tables) => new(new DumpManifest(5, 775, generation), tables);

    public static DumpRow Row(string reference, params (string, string)[] columns) =>
        new(reference, 0, 0, RowColumns.From(columns.Append(("_ref", reference)).Select(c => KeyValuePair.Create(c.Item1, c.Item2))));

    public static DatabaseDump Read(string text) => DumpReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    public static string Write(DatabaseDump dump)
    {
        var stream = new MemoryStream();
        DumpWriter.Write(dump, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static DatabaseDump WrittenAndRead(DatabaseDump dump) => Read(Write(dump));
}
