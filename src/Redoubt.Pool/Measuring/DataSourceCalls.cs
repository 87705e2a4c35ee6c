using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Measuring;

/// <summary>What is measured of VMs and hosts, source by source.</summary>
internal sealed partial class DataSourceCalls(Statistics statistics)
{
    [Message("VM.get_data_sources")]
    public ImmutableList<DataSourceRecord> GetVmDataSources(CallContext call, Ref<VmRecord> self) => All(Of(call, self));

    [Message("VM.query_data_source")]
    public double QueryVmDataSource(CallContext call, Ref<VmRecord> self, string dataSource) => Query(Of(call, self), dataSource);

    [Message("VM.record_data_source")]
    public void RecordVmDataSource(CallContext call, Ref<VmRecord> self, string dataSource) =>
        Require(statistics.Record(Of(call, self), dataSource), dataSource);

    [Message("VM.forget_data_source_archives")]
    public void ForgetVmDataSource(CallContext call, Ref<VmRecord> self, string dataSource) =>
        Require(statistics.Forget(Of(call, self), dataSource), dataSource);

    [Message("host.get_data_sources")]
    public ImmutableList<DataSourceRecord> GetHostDataSources(CallContext call, Ref<HostRecord> host) => All(Of(call, host));

    [Message("host.query_data_source")]
    public double QueryHostDataSource(CallContext call, Ref<HostRecord> host, string dataSource) => Query(Of(call, host), dataSource);

    [Message("host.record_data_source")]
    public void RecordHostDataSource(CallContext call, Ref<HostRecord> host, string dataSource) =>
        Require(statistics.Record(Of(call, host), dataSource), dataSource);

    [Message("host.forget_data_source_archives")]
    public void ForgetHostDataSource(CallContext call, Ref<HostRecord> host, string dataSource) =>
        Require(statistics.Forget(Of(call, host), dataSource), dataSource);

    private static MeasuredObject Of(CallContext call, Ref<VmRecord> vm) => new(false, call.State.Get(vm).Uuid);

    private static MeasuredObject Of(CallContext call, Ref<HostRecord> host) => new(true, call.State.Get(host).Uuid);

    private ImmutableList<DataSourceRecord> All(MeasuredObject of) =>
    [
        .. statistics.Now(of).Select(s => Describe(s.Key, s.Value, isRecorded: true)),
        .. statistics.Forgotten(of).Select(s => Describe(s, double.NaN, isRecorded: false)),
    ];

    private double Query(MeasuredObject of, string source)
    {
        var now = statistics.Now(of);
        Require(now.ContainsKey(source), source);
        return now[source];
    }

    private static void Require(bool isThere, string source)
    {
        if (!isThere)
        {
            throw new XenApiException("INVALID_VALUE", "data_source", source);
        }
    }

    private static DataSourceRecord Describe(string source, double value, bool isRecorded)
    {
        var (units, description, max) = source switch
        {
            "memory" => ("B", "Memory that the VM has", double.PositiveInfinity),
            "memory_target" => ("B", "Memory that the VM is to have", double.PositiveInfinity),
            "memory_internal_free" => ("KiB", "Memory that is free in the guest, as its balloon driver says", double.PositiveInfinity),
            "memory_total_kib" => ("KiB", "Memory of the host", double.PositiveInfinity),
            "memory_free_kib" => ("KiB", "Memory of the host that new guests could have", double.PositiveInfinity),
            "loadavg" => ("(fraction)", "How many processes want a processor, averaged over a minute", double.PositiveInfinity),
            _ when source.StartsWith("cpu", StringComparison.Ordinal) => ("(fraction)", "How busy the processor is", 1),
            _ when source.Contains("_iops_", StringComparison.Ordinal) => ("requests/s", "Requests to the drive", double.PositiveInfinity),
            _ when source.StartsWith("vbd_", StringComparison.Ordinal) => ("B/s", "Bytes of the drive", double.PositiveInfinity),
            _ => ("B/s", "Bytes over the interface", double.PositiveInfinity),
        };
        return new()
        {
            NameLabel = source,
            NameDescription = description,
            Enabled = isRecorded,
            Standard = true,
            Units = units,
            Min = 0,
            Max = max,
            Value = value,
        };
    }
}
