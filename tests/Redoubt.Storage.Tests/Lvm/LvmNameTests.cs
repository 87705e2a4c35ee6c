using Redoubt.Storage.LvmDriver;

namespace Redoubt.Storage.Tests.Lvm;

public sealed class LvmNameTests
{
    private const string Uuid = "11111111-2222-3333-4444-555555555555";

    [Theory]
    [InlineData(Uuid)]
    [InlineData(Uuid + ".m")]
    [InlineData(Uuid + ".next")]
    [InlineData(Uuid + ".m.n01abcf")]
    public void A_name_is_read_as_it_is_written(string text)
    {
        Assert.True(LvmName.TryParse(text, out var name));
        Assert.Equal(text, name.ToString());
        Assert.Equal(text.Contains(".m", StringComparison.Ordinal) ? VdiType.Metadata : VdiType.User, name.Type);
        Assert.True(LvmName.TryParse($"{name.Making()}", out var making));
        Assert.False(making.IsNow);
    }

    [Theory]
    [InlineData("redoubt")]
    [InlineData("--help")]
    [InlineData("../" + Uuid)]
    [InlineData(Uuid + ".n0")]
    [InlineData(Uuid + ".m.m")]
    [InlineData(Uuid + "\n")]
    [InlineData("11111111-2222-3333-4444-55555555555A")]
    [InlineData("[" + Uuid + "]")]
    [InlineData("VHD-" + Uuid)]
    public void What_is_no_name_of_ours_is_somebody_elses(string text) => Assert.False(LvmName.TryParse(text, out _));

    [Fact]
    public void A_volume_group_is_called_after_its_SR()
    {
        Assert.Equal(SrUuid.Parse(Uuid), LvmName.SrOf(LvmName.GroupOf(SrUuid.Parse(Uuid))));
        Assert.Null(LvmName.SrOf("redoubt-" + Uuid.ToUpperInvariant() + "x"));
        Assert.Equal(SrUuid.Parse(Uuid), LvmName.XenServerSrOf("VG_XenStorage-" + Uuid));
        Assert.Null(LvmName.XenServerSrOf("VG_XenStorage-"));
    }
}
