using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace Redoubt.Pool.Measuring;

/// <summary>Rows of numbers with what each column is, in the two forms in which XenServer gives them (<c>/rrd_updates</c>).</summary>
/// <param name="Start">The time of the oldest row that was asked for, in seconds since 1970.</param>
/// <param name="Step">The seconds from row to row.</param>
/// <param name="End">The time of the newest row.</param>
/// <param name="Legend">What the columns are: <c>AVERAGE:vm:UUID:cpu0</c>.</param>
/// <param name="Rows">The rows, the newest first.</param>
public sealed record StatisticsTable(
    long Start, int Step, long End, IReadOnlyList<string> Legend, IReadOnlyList<(long Time, IReadOnlyList<float> Values)> Rows)
{
    /// <summary>As rrdtool's <c>xport</c> writes it.</summary>
    public string ToXml()
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true }))
        {
            xml.WriteStartElement("xport");
            xml.WriteStartElement("meta");
            xml.WriteElementString("start", Text(Start));
            xml.WriteElementString("step", Text(Step));
            xml.WriteElementString("end", Text(End));
            xml.WriteElementString("rows", Text(Rows.Count));
            xml.WriteElementString("columns", Text(Legend.Count));
            xml.WriteStartElement("legend");
            foreach (var entry in Legend)
            {
                xml.WriteElementString("entry", entry);
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
            xml.WriteStartElement("data");
            foreach (var (time, values) in Rows)
            {
                xml.WriteStartElement("row");
                xml.WriteElementString("t", Text(time));
                foreach (var value in values)
                {
                    xml.WriteElementString("v", Text(value));
                }

                xml.WriteEndElement();
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    /// <summary>The same as JSON, in which the numbers are texts: some are none.</summary>
    public byte[] ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("meta");
            json.WriteNumber("start", Start);
            json.WriteNumber("step", Step);
            json.WriteNumber("end", End);
            json.WriteNumber("rows", Rows.Count);
            json.WriteNumber("columns", Legend.Count);
            json.WriteStartArray("legend");
            foreach (var entry in Legend)
            {
                json.WriteStringValue(entry);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("data");
            foreach (var (time, values) in Rows)
            {
                json.WriteStartObject();
                json.WriteNumber("t", time);
                json.WriteStartArray("values");
                foreach (var value in values)
                {
                    json.WriteStringValue(Text(value));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>A number as it is spelled there.</summary>
    internal static string Text(float value) =>
        float.IsNaN(value) ? "NaN" : ((double)value).ToString("0.0###", CultureInfo.InvariantCulture);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
