using System.Collections.Immutable;
using Redoubt.Console.Search;
using Redoubt.Console.Vms;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

/// <summary>What is found and in which order it is shown.</summary>
public sealed class VmOrderTests
{
    private static readonly (DatabaseState State, ProtectionFacts Facts) Pool = Make();

    [Theory]
    [InlineData("", "app db web")]
    [InlineData("B", "db web")]
    [InlineData("gold", "db")]
    [InlineData("02:00:00:00:00:07", "web")]
    [InlineData("00000000-0000-0000-0000-00000000000c", "app")]
    [InlineData("nothing", "")]
    public void VMs_are_found_by_name_tag_MAC_address_and_UUID(string text, string found) =>
        Assert.Equal(found, Names(new(VmColumn.Name, false, text, VmFilter.All)));

    [Theory]
    [InlineData(VmFilter.Running, "web")]
    [InlineData(VmFilter.Off, "app db")]
    [InlineData(VmFilter.Exposed, "app db web")]
    [InlineData(VmFilter.Alone, "app web")]
    public void A_part_of_them_is_shown(object filter, string shown) =>
        Assert.Equal(shown, Names(new(VmColumn.Name, false, "", (VmFilter)filter)));

    [Fact]
    public void A_column_sorts_and_once_more_the_other_way_round()
    {
        var byMemory = new VmOrder(VmColumn.Name, false, "", VmFilter.All).By(VmColumn.Memory);
        Assert.Equal("web app db", Names(byMemory));
        Assert.Equal("db app web", Names(byMemory.By(VmColumn.Memory)));
        Assert.Equal("app db web", Names(byMemory.By(VmColumn.Memory).By(VmColumn.Name)));
        Assert.All(Enum.GetValues<VmColumn>(), c => Assert.Equal(3, byMemory.By(c).Of(Pool.State, Pool.Facts.Vms).Count));
    }

    [Fact]
    public void A_search_finds_pages_vApps_and_VMs_the_first_letters_first()
    {
        Assert.Equal("Dashboard", Find("")[0].Name);
        Assert.Equal(["Dashboard", "db"], Find("d").Select(h => h.Name));
        Assert.Equal("vms/00000000-0000-0000-0000-00000000000b", Find("db")[0].Address);
        Assert.Equal(["shop"], Find("sho").Select(h => h.Name));
        Assert.Equal(["web"], Find("00:07").Select(h => h.Name));
        Assert.Empty(Find("no such thing"));
    }

    [Fact]
    public void Only_what_a_VM_allows_is_offered()
    {
        var vm = new VmRecord { AllowedOperations = [VmOperations.HardShutdown, VmOperations.Snapshot, VmOperations.CleanShutdown] };
        Assert.Equal(["VM.clean_shutdown", "VM.hard_shutdown"], PowerAct.Of(vm).Select(a => a.Message));
        Assert.All(PowerAct.All, a => Assert.Equal(
            DataModel.FindMessage(a.Message)!.Value.Message.Parameters.Count, a.Arguments(default).Count));
    }

    private static ImmutableArray<Hit> Find(string text) => Hits.Of(
        Pool.State, Pool.Facts, [], [new("page", "Dashboard", "", "dashboard"), new("page", "VMs", "vms", "vm")], text);

    private static string Names(VmOrder order) => string.Join(' ', order.Of(Pool.State, Pool.Facts.Vms).Select(v => v.Name));

    private static (DatabaseState State, ProtectionFacts Facts) Make()
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var pool = tx.Create(new PoolRecord { NameLabel = "paris" });
        var shop = tx.Create(new VmApplianceRecord { NameLabel = "shop" });
        tx.Create(new VmRecord { NameLabel = "app", Uuid = "00000000-0000-0000-0000-00000000000c", MemoryStaticMax = 2 << 20 });
        tx.Create(
            new VmRecord
            {
                NameLabel = "db",
                Uuid = "00000000-0000-0000-0000-00000000000b",
                MemoryStaticMax = 3 << 20,
                Tags = ["gold"],
                Appliance = shop,
            });
        var web = tx.Create(
            new VmRecord
            {
                NameLabel = "web",
                Uuid = "00000000-0000-0000-0000-00000000000a",
                MemoryStaticMax = 1 << 20,
                PowerState = VmPowerState.Running,
            });
        tx.Create(new VifRecord { Vm = web, Mac = "02:00:00:00:00:07", Device = "0" });
        return (tx.State, ProtectionFacts.Of(tx.State, pool));
    }
}
