using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

public sealed class SchemaUpgradeTests
{
    [Theory]
    [InlineData(57, VdiType.RedoLog, "restart", 2)]
    [InlineData(62, VdiType.RedoLog, "restart", 2)]
    [InlineData(63, VdiType.Metadata, "2", 0)]
    [InlineData(775, VdiType.Metadata, "2", 0)]
    public void What_old_versions_called_otherwise_gets_todays_names(int schema, VdiType type, string priority, long order)
    {
        var state = SchemaUpgrade.Apply(Database(schema));
        var vdi = state.Get(new Ref<VdiRecord>("OpaqueRef:d"));
        Assert.Equal(type, vdi.Type);
        Assert.Equal(schema < 63, SchemaUpgrade.IsHaVolume(state, vdi));
        var vm = state.Get(new Ref<VmRecord>("OpaqueRef:v"));
        Assert.Equal((priority, order), (vm.HaRestartPriority, vm.Order));
        Assert.Equal("best-effort", state.Get(new Ref<VmRecord>("OpaqueRef:w")).HaRestartPriority);
    }

    [Fact]
    public void A_database_of_our_own_is_left_alone() => Assert.Same(DatabaseState.Empty, SchemaUpgrade.Apply(DatabaseState.Empty));

    [Fact]
    public void Missing_tables_and_columns_read_as_empty_and_as_their_defaults()
    {
        var state = SchemaUpgrade.Apply(Database(57));
        Assert.Empty(state.All<VmApplianceRecord>());
        var vm = state.Get(new Ref<VmRecord>("OpaqueRef:w"));
        Assert.Equal((0L, true, VmPowerState.Halted, "0:0"), (vm.Version, vm.Appliance.IsNull, vm.PowerState, vm.GenerationId));
    }

    private static DatabaseState Database(int schema) => StateDump.FromDump(new DatabaseDump(new DumpManifest(5, schema, 9), [
        new("VDI", [Row("OpaqueRef:d", ("type", "metadata"))]),
        new("VM", [Row("OpaqueRef:v", ("ha_restart_priority", "2")), Row("OpaqueRef:w", ("ha_restart_priority", "best-effort"))])]));

    private static DumpRow Row(string reference, (string Column, string Value) column) =>
        new(reference, 0, 0, RowColumns.From([new("_ref", reference), new(column.Column, column.Value)]));
}
