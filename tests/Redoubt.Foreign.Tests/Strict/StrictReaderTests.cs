using System.IO.Compression;
using System.Text.RegularExpressions;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>The strict reader itself: it takes what xapi wrote, and refuses what xapi would refuse.</summary>
public sealed class StrictReaderTests
{
    [Fact]
    public void What_xapi_itself_wrote_meets_every_demand()
    {
        var schema = new XapiSchema();
        var path = Path.GetTempFileName();
        try
        {
            using (var packed = new GZipStream(File.OpenRead(SharedFiles.Genuine("metadata-vdi.raw.gz")), CompressionMode.Decompress))
            using (var file = File.Create(path))
            {
                packed.CopyTo(file);
                file.SetLength(126L << 20);
            }

            var volume = StrictVolume.Read(path, leastBytes: 126L << 20);
            Assert.NotEmpty(volume.Deltas);
            var database = StrictXml.Read(volume.Xml, schema);
            database.Finish(volume.DatabaseGeneration);
            volume.Deltas.ForEach(d => database.Apply(d.Bytes));
            Assert.NotEmpty(database.Tables["VM"]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("<table name=\"VTPM\"/>", "", "no element for table VTPM")]
    [InlineData("<table name=\"VTPM\"/>", "<table name=\"VTPM\"/><table name=\"Hyperdrive\"/>", "not in the schema")]
    [InlineData(" power_state=\"", " power__state=\"", "Unexpected column VM.power__state")]
    [InlineData(" PBDs=\"[^\"]*\"", "", null)]
    [InlineData(" domid=\"[^\"]*\"", "", "VM .* lacks domid")]
    [InlineData(" is_control_domain=\"true\"", " is_control_domain=\"yes\"", "is no bool")]
    [InlineData(" power_state=\"[^\"]*\"", " power_state=\"unrecognized\"", "is no enum vm_power_state")]
    [InlineData(" tags=\"\\(\\)\"", " tags=\"(a)\"", "single-quoted")]
    [InlineData(" other_config=\"\\(\\)\"", " other_config=\"((''%.'x'))\"", "empty key")]
    [InlineData(" name__label=\"[^\"]*\"", " name__label=\"a b\"", "bare white space")]
    [InlineData(" name__label=\"[^\"]*\"", " name__label=\"50%x\"", "% sequence")]
    [InlineData("><manifest", "> <manifest", "text between tags")]
    public void What_xapi_would_refuse_is_refused(string pattern, string with, string? demand)
    {
        var schema = new XapiSchema();
        var genuine = File.ReadAllText(SharedFiles.Genuine("pool-dump.xml"));
        var changed = new Regex(pattern, RegexOptions.None, TimeSpan.FromSeconds(10)).Replace(genuine, with, 1);
        Assert.NotEqual(genuine, changed);
        var database = default(StrictDatabase);
        void Read()
        {
            database = StrictXml.Read(changed, schema);
            database.Finish(long.Parse(database.Manifest["generation_count"], System.Globalization.CultureInfo.InvariantCulture));
        }

        if (demand is null)
        {
            Read();
        }
        else
        {
            Assert.Matches(demand, Assert.Throws<DemandException>(Read).Message);
        }
    }
}
