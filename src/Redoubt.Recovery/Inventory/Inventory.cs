using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Everything that a plan is made from, and nothing else: facts, each with where it was read and when. What could not be read is a fact
/// too. It goes to JSON and back, so that a plan can be made far from the pools.
/// </summary>
public sealed record Inventory
{
    /// <summary>The format that is written, and the only one that is read.</summary>
    public const string CurrentFormat = "redoubt-inventory/1";

    /// <summary>The format of the JSON.</summary>
    public string Format { get; init; } = CurrentFormat;

    /// <summary>When the last of it had been read; a plan takes this for the present.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>The pool that is to take VMs in.</summary>
    public required TargetFacts Target { get; init; }

    /// <summary>The storage that the operator chose.</summary>
    public ImmutableArray<StorageFacts> Storage { get; init; } = [];

    /// <summary>Every metadata volume on it.</summary>
    public ImmutableArray<VolumeFacts> Volumes { get; init; } = [];

    /// <summary>The other pools that the operator named.</summary>
    public ImmutableArray<OtherPoolFacts> OtherPools { get; init; } = [];

    /// <summary>The inventory as JSON (docs/formats/plan.md).</summary>
    public string ToJson() => RecoveryJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Inventory FromJson(string json)
    {
        var inventory = RecoveryJson.Read<Inventory>(json);
        return inventory.Format == CurrentFormat
            ? inventory
            : throw new FormatException($"The format is {inventory.Format}; this version reads {CurrentFormat}.");
    }

    /// <summary>The same facts in the one order that plans are made in: what order a server lists things in means nothing.</summary>
    internal Inventory Sorted() => this with
    {
        Target = Target with { Database = Target.Database.Sorted() },
        Storage = [.. Storage.Select(s => s with { Found = [.. s.Found.OrderBy(f => f.Uuid, StringComparer.Ordinal)] })
            .OrderBy(s => s.SrUuid, StringComparer.Ordinal).ThenBy(s => s.Type, StringComparer.Ordinal)
            .ThenBy(s => DeviceConfigs.AsParameters(s.DeviceConfig), StringComparer.Ordinal)],
        Volumes = [.. Volumes.OrderBy(v => v.VdiUuid, StringComparer.Ordinal).Select(v => v with { Database = v.Database?.Sorted() })],
        OtherPools = [.. OtherPools.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => p with { Database = p.Database?.Sorted() })],
    };
}
