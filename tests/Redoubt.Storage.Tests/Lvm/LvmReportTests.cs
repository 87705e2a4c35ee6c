using Redoubt.Storage.LvmDriver;

namespace Redoubt.Storage.Tests.Lvm;

/// <summary>What LVM says of a device, which whoever had the device may have chosen.</summary>
public sealed class LvmReportTests
{
    private const long Device = 1 << 30;
    private const string Disk = "11111111-2222-3333-4444-555555555555";
    private const string Extents = "4194304";

    [Fact]
    public void A_disk_in_pieces_is_read_with_the_places_of_each()
    {
        var group = Read(
            Row(start: "8388608", at: "1", count: "1", size: "12582912", tags: "a,redoubt.bytes=9000448"),
            Row(start: "0", at: "5", count: "2", size: "12582912", tags: "a,redoubt.bytes=9000448"));
        var disk = Assert.Single(group.Disks);
        Assert.Null(disk.Unreadable);
        Assert.Equal((9000448, 12582912), (disk.SizeBytes, disk.AllocatedBytes));
        Assert.Equal([new(0, 8388608, 1048576 + (5 * 4194304)), new(8388608, 4194304, 1048576 + 4194304)], disk.Segments);
        Assert.Equal(new DateTimeOffset(2026, 11, 30, 15, 0, 0, TimeSpan.FromHours(1)), disk.MadeAt);
    }

    [Theory]
    [InlineData("segtype", "raid1", "no linear one")]
    [InlineData("stripes", "2", "no linear one")]
    [InlineData("pvseg_start", "256", "beyond the end")]
    [InlineData("pvseg_start", "2000000000", "beyond the end")]
    [InlineData("lv_size", "8388608", "missing")]
    [InlineData("seg_start", "4194304", "missing")]
    [InlineData("lv_tags", "redoubt.bytes=4194816", "no size")]
    [InlineData("lv_tags", "redoubt.bytes=-1", "no size")]
    [InlineData("lv_tags", "redoubt.bytes=1000", "no size")]
    [InlineData("lv_tags", "redoubt.bytes=99999999999999999999", "no size")]
    [InlineData("lv_uuid", "a b;c", "no identity")]
    public void A_volume_that_can_not_be_what_it_says_is_listed_with_the_reason(string column, string value, string reason)
    {
        var row = Row();
        row[column] = value;
        var group = Read(row, Row(name: "22222222-2222-3333-4444-555555555555", at: "1"));
        var state = Assert.Single(group.Disks, d => d.Unreadable is not null).State;
        Assert.Contains(reason, state.Unreadable, StringComparison.Ordinal);
        Assert.Equal((Disk, 0L), ($"{state.Uuid}", state.VirtualSizeBytes));
    }

    [Fact]
    public void Two_volumes_that_claim_one_disk_are_told_and_neither_is_used()
    {
        var disk = Assert.Single(Read(Row(), Row(name: $"{Disk}.m", at: "1")).Disks);
        Assert.Contains($"{Disk}.m", disk.Unreadable, StringComparison.Ordinal);
    }

    [Fact]
    public void What_takes_the_place_of_a_disk_counts_where_there_is_no_other()
    {
        Assert.Null(Assert.Single(Read(Row(), Row(name: $"{Disk}.next", at: "1")).Disks).Name.Step);
        Assert.Equal("next", Assert.Single(Read(Row(name: $"{Disk}.next"), Row(name: $"{Disk}.n012345", at: "1")).Disks).Name.Step);
    }

    [Fact]
    public void Volumes_of_others_are_known_by_name_and_no_disks()
    {
        var group = Read(Row(name: "--help"), Row(name: "redoubt", at: "1"));
        Assert.Empty(group.Disks);
        Assert.Equal(["--help"], group.Others);
        Assert.Equal(1048576 + 4194304, group.ProofAt);
    }

    [Theory]
    [InlineData("vg_extent_size", "9223372036854775807")]
    [InlineData("pvseg_start", "4611686018427387904")]
    [InlineData("pvseg_size", "-1")]
    [InlineData("vg_free", "much")]
    [InlineData("pv_count", "")]
    public void Numbers_that_are_none_and_those_that_no_device_has_are_refused(string column, string value)
    {
        var row = Row(at: "2", count: "2");
        row[column] = value;
        Assert.Throws<FormatException>(() => Read(row));
    }

    [Fact]
    public void A_device_whose_volume_group_can_not_be_read_is_not_taken_for_an_empty_one()
    {
        var row = Row(name: "");
        row["vg_name"] = "";
        Assert.Throws<FormatException>(() => Read(row));
        row["pv_in_use"] = "";
        Assert.Equal("", Read(row).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"report":[]}""")]
    [InlineData("""{"report":[{"pvseg":[{"vg_name":"x"}]}]}""")]
    [InlineData("""{"report":[{"pvseg":[{"vg_name":1}]}]}""")]
    public void What_is_no_report_is_refused(string json) => Assert.Throws<FormatException>(() => LvmReport.Read(json, Device));

    [Fact]
    public void A_device_without_a_physical_volume_has_nothing() => Assert.Null(LvmReport.Read("""{"report":[{"pvseg":[]}]}""", Device));

    private static LvmGroup Read(params Dictionary<string, string>[] rows) => LvmReport.Read(
        System.Text.Json.JsonSerializer.Serialize(new { report = new[] { new { pvseg = rows } } }), Device)!;

    private static Dictionary<string, string> Row(
        string name = Disk, string start = "0", string at = "0", string count = "1", string size = Extents, string tags = "") => new()
        {
            ["pe_start"] = "1048576",
            ["pv_in_use"] = "used",
            ["pv_count"] = "1",
            ["vg_name"] = "redoubt-33333333-2222-3333-4444-555555555555",
            ["vg_systemid"] = "redoubt",
            ["vg_size"] = "1069547520",
            ["vg_free"] = "0",
            ["vg_extent_size"] = Extents,
            ["lv_name"] = name,
            ["lv_uuid"] = "pF2gUg-vwlt-nRdy-zTIC-q7jZ-nugb-7OX8jg",
            ["lv_tags"] = tags,
            ["lv_time"] = "2026-11-30 15:00:00 +0100",
            ["lv_size"] = size,
            ["segtype"] = "linear",
            ["stripes"] = "1",
            ["seg_start"] = start,
            ["pvseg_start"] = at,
            ["pvseg_size"] = count,
        };
}
