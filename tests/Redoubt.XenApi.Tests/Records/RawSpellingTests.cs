namespace Redoubt.XenApi.Tests.Records;

/// <summary>What we would spell in another way, or don't know at all, stays in a database as it came.</summary>
public sealed class RawSpellingTests
{
    [Theory]
    [InlineData("tags", "(\"a\" \"b\")")]
    [InlineData("tags", "( 'a'  'b' ) ; two of them")]
    [InlineData("tags", "('\\a')")]
    [InlineData("tags", "not a set")]
    [InlineData("tags", "")]
    [InlineData("platform", "((\"k\" \"v\"))")]
    [InlineData("platform", "(('b' '1') ('a' '2'))")]
    [InlineData("platform", "(('a' '1') ('a' '2'))")]
    [InlineData("platform", "(('a' '1' '2'))")]
    [InlineData("blocked_operations", "(('teleport' 'no') ('start' 'no'))")]
    [InlineData("snapshot_time", "2024-02-29T23:59:59Z")]
    [InlineData("snapshot_time", "20240229T23:59:59.25Z")]
    [InlineData("snapshot_time", "yesterday")]
    [InlineData("HVM__shadow_multiplier", "1.")]
    [InlineData("HVM__shadow_multiplier", "0.10000000000000001")]
    [InlineData("HVM__shadow_multiplier", "-inf.")]
    [InlineData("order", "007")]
    [InlineData("order", "")]
    [InlineData("order", "9223372036854775808")]
    [InlineData("is_a_template", "True")]
    [InlineData("power_state", "Hibernating")]
    [InlineData("power_state", "")]
    [InlineData("snapshot_of", "")]
    [InlineData("colour", "blue")]
    [InlineData("zzz", "")]
    [InlineData("A", "('x')")]
    public void A_spelling_is_kept_letter_for_letter_while_other_fields_change(string column, string text)
    {
        var record = Read(KeyValuePair.Create(column, text));
        Assert.Equal(text, Column(record, column));
        Assert.Equal(text, Column(record with { UserVersion = record.UserVersion + 1, NameLabel = "renamed" }, column));
    }

    [Fact]
    public void A_spelling_is_gone_when_its_field_changes()
    {
        var record = Read(KeyValuePair.Create("power_state", "Hibernating"), KeyValuePair.Create("tags", "(\"a\")"));
        Assert.Equal(VmPowerState.Unrecognized, record.PowerState);
        var changed = record with { PowerState = VmPowerState.Halted, Tags = record.Tags.Add("b") };
        Assert.Equal(("Halted", "('a' 'b')"), (Column(changed, "power_state"), Column(changed, "tags")));
    }

    [Fact]
    public void Unknown_columns_are_kept_and_stand_in_order_among_the_known()
    {
        var record = Read(KeyValuePair.Create("zzz", "last"), KeyValuePair.Create("colour", "blue"), KeyValuePair.Create("AAA", "first"));
        var columns = VmRecord.Declaration.ToColumns(record).ToList();
        Assert.Equal(columns.Select(c => c.Key).Order(StringComparer.Ordinal), columns.Select(c => c.Key));
        Assert.Equal(("AAA", "first"), (columns[0].Key, columns[0].Value));
        Assert.Equal(("zzz", "last"), (columns[^1].Key, columns[^1].Value));
        Assert.Contains(KeyValuePair.Create("colour", "blue"), columns);
        Assert.Equal(columns.Count, columns.DistinctBy(c => c.Key).Count());
    }

    [Fact]
    public void References_of_the_row_itself_are_no_columns_of_a_record() =>
        Assert.Null(Read(KeyValuePair.Create("ref", "OpaqueRef:a"), KeyValuePair.Create("_ref", "OpaqueRef:a")).Raw);

    [Fact]
    public void Computed_and_volatile_columns_are_written_but_not_read()
    {
        var record = new VmRecord { Vbds = [new("OpaqueRef:b")], AllowedOperations = [VmOperations.Start] };
        Assert.Equal(("('OpaqueRef:b')", "('start')"), (Column(record, "VBDs"), Column(record, "allowed_operations")));
        var back = (VmRecord)VmRecord.Declaration.FromColumns(VmRecord.Declaration.ToColumns(record));
        Assert.Empty(back.Vbds);
        Assert.Empty(back.AllowedOperations);
    }

    private static VmRecord Read(params KeyValuePair<string, string>[] columns) => (VmRecord)VmRecord.Declaration.FromColumns(columns);

    private static string Column(VmRecord record, string column)
    {
        var text = VmRecord.Declaration.ToColumns(record).Single(c => c.Key == column).Value;
        if (VmRecord.Declaration.FindColumn(column) is { } field)
        {
            Assert.Equal(text, ClassModel.EncodeColumn(field, record));
        }

        return text;
    }
}
