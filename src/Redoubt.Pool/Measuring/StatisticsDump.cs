using System.Globalization;
using System.Text;
using System.Xml;

namespace Redoubt.Pool.Measuring;

/// <summary>All that is kept of one host or VM, in the form of rrdtool's <c>dump</c> (<c>/vm_rrd</c>, <c>/host_rrd</c>).</summary>
internal static class StatisticsDump
{
    /// <summary>Writes it.</summary>
    public static string ToXml(IReadOnlyDictionary<string, Series> sources)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true }))
        {
            var updated = sources.Values.Select(s => s.Updated).DefaultIfEmpty().Max();
            xml.WriteStartElement("rrd");
            xml.WriteElementString("version", "0003");
            xml.WriteElementString("step", Text(Series.Archives[0].Step));
            xml.WriteElementString("lastupdate", Text(updated));
            foreach (var (name, series) in sources)
            {
                xml.WriteStartElement("ds");
                xml.WriteElementString("name", name);
                xml.WriteElementString("type", "GAUGE");
                xml.WriteElementString("minimal_heartbeat", "300.0");
                xml.WriteElementString("min", "0.0");
                xml.WriteElementString("max", "Infinity");
                xml.WriteElementString("last_ds", StatisticsTable.Text((float)series.Last));
                xml.WriteElementString("value", "0.0");
                xml.WriteElementString("unknown_sec", "0");
                xml.WriteEndElement();
            }

            for (var archive = 0; archive < Series.Archives.Count; archive++)
            {
                WriteArchive(xml, sources, archive, updated);
            }

            xml.WriteEndElement();
        }

        return text.ToString();
    }

    // The oldest row first, as rrdtool has it.
    private static void WriteArchive(XmlWriter xml, IReadOnlyDictionary<string, Series> sources, int archive, long updated)
    {
        var (step, rows) = Series.Archives[archive];
        xml.WriteStartElement("rra");
        xml.WriteElementString("cf", "AVERAGE");
        xml.WriteElementString("pdp_per_row", Text(step / Series.Archives[0].Step));
        xml.WriteStartElement("params");
        xml.WriteElementString("xff", "0.5");
        xml.WriteEndElement();
        xml.WriteStartElement("cdp_prep");
        foreach (var _ in sources)
        {
            // What rrdtool goes on from when it adds to a dump; nobody adds to this one.
            xml.WriteStartElement("ds");
            xml.WriteElementString("primary_value", "0.0");
            xml.WriteElementString("secondary_value", "0.0");
            xml.WriteElementString("value", "0.0");
            xml.WriteElementString("unknown_datapoints", "0");
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteStartElement("database");
        for (var row = (updated / step) - rows + 1; row <= updated / step; row++)
        {
            xml.WriteStartElement("row");
            foreach (var series in sources.Values)
            {
                xml.WriteElementString("v", StatisticsTable.Text(series.Read(archive, row)));
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
