using FsCheck.Fluent;
using Redoubt.XenApi.Tests.Types;

namespace Redoubt.XenApi.Tests.Records;

/// <summary>A record of any class, filled with anything, reads back from its row and from the wire.</summary>
public sealed class RecordRoundTripTests
{
    private const int Tries = 25;

    public static TheoryData<string> Classes => [.. DataModel.Classes.Keys];

    // A probe result holds a record, which no column can; it passes over the wire only.
    public static TheoryData<string> Stored => [.. DataModel.Classes.Keys.Where(name => name != "probe_result")];

    [Theory]
    [MemberData(nameof(Stored))]
    public void A_record_survives_its_row(string name)
    {
        var model = DataModel.Classes[name];
        Property.Holds(
            ArbitraryValues.Record(model, ArbitraryValues.Text),
            record => AssertEqual(model.AllFields.Where(f => f.IsPersistent), record, model.FromColumns(model.ToColumns(record))),
            Tries);
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void Any_text_in_any_stored_column_comes_back_letter_for_letter(string name)
    {
        var model = DataModel.Classes[name];
        var columns = model.AllFields.Where(f => f.IsPersistent).Select(f => f.Column).Append("a column of tomorrow").ToList();
        Property.Holds(
            Gen.ArrayOf(ArbitraryValues.Text, columns.Count),
            texts =>
            {
                var row = columns.Zip(texts, KeyValuePair.Create).ToDictionary();
                var back = model.ToColumns(model.FromColumns(row)).Where(c => row.ContainsKey(c.Key)).ToDictionary();
                Assert.Equal(row, back);
            },
            Tries);
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void A_row_has_every_column_once_in_order(string name)
    {
        var model = DataModel.Classes[name];
        Assert.Equal(
            model.AllFields.Where(f => f.HasColumn).Select(f => f.Column).Order(StringComparer.Ordinal),
            model.ToColumns(model.NewRecord()).Select(c => c.Key));
    }

    [Theory]
    [MemberData(nameof(Stored))]
    public void A_row_of_our_own_needs_no_raw_text(string name)
    {
        var model = DataModel.Classes[name];
        Property.Holds(
            ArbitraryValues.Record(model, ArbitraryValues.Text),
            record => Assert.Null(model.FromColumns(model.ToColumns(record)).Raw),
            Tries);
    }

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_record_survives_JSON(string name) => SurvivesWire(name, Spelling.ThroughJson);

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_record_survives_XML(string name) => SurvivesWire(name, Spelling.ThroughXml);

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_new_record_has_the_declared_defaults(string name)
    {
        var model = DataModel.Classes[name];
        var defaults = model.AllFields.Where(f => f.DefaultText is not null && f.Relation is null).ToList();
        AssertEqual(defaults, model.NewRecord(), model.FromColumns(defaults.Select(f => KeyValuePair.Create(f.Column, f.DefaultText!))));
    }

    private static void SurvivesWire(string name, Func<Action<IWireWriter>, WireValue> spell)
    {
        var model = DataModel.Classes[name];
        Property.Holds(
            ArbitraryValues.Record(model, ArbitraryValues.WireText),
            record => AssertEqual(model.Fields, record, model.FromWire(spell(writer => model.WriteRecord(writer, record)))),
            Tries);
    }

    private static void AssertEqual(IEnumerable<FieldModel> fields, Redoubt.XenApi.Record expected, Redoubt.XenApi.Record actual) =>
        Assert.All(fields, field => Assert.True(
            field.AreEqual(expected, actual),
            $"{field.Column}: <{field.GetValue(expected)}> came back as <{field.GetValue(actual)}>"));
}
