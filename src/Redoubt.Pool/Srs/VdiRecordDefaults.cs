using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Values that new VDI records begin with.</summary>
internal static class VdiRecordDefaults
{
    /// <summary>What xapi writes into a metadata VDI's <c>sm_config</c>.</summary>
    public static ImmutableSortedDictionary<string, string> RawSmConfig { get; } =
        ImmutableSortedDictionary<string, string>.Empty.Add("type", "raw");

    /// <summary>Nothing is being done with it.</summary>
    public static ImmutableSortedDictionary<string, VdiOperations> NoOperations { get; } = ImmutableSortedDictionary<string, VdiOperations>.Empty;

    /// <summary>Nothing is noted with it.</summary>
    public static ImmutableSortedDictionary<string, string> NoConfig { get; } = ImmutableSortedDictionary<string, string>.Empty;
}
