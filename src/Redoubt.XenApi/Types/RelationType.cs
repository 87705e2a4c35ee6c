using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>The computed set of all objects of a class that refer to one object.</summary>
public sealed class RelationType<TRecord> : XenType<ImmutableSortedSet<Ref<TRecord>>>, ISetType
    where TRecord : Record
{
    private static readonly ConcurrentDictionary<string, RelationType<TRecord>> Instances = new();
    private readonly RefType<TRecord> element;

    private RelationType(string className) => element = RefType<TRecord>.Of(className);

    /// <inheritdoc/>
    public XenType Element => element;

    /// <inheritdoc/>
    public override string Name => $"set({element.Name})";

    /// <inheritdoc/>
    public override ImmutableSortedSet<Ref<TRecord>> Initial => [];

    /// <summary>The relation to this class.</summary>
    public static RelationType<TRecord> Of(string className) => Instances.GetOrAdd(className, name => new(name));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, ImmutableSortedSet<Ref<TRecord>> value)
    {
        writer.BeginArray();
        foreach (var item in value)
        {
            writer.String(item.Opaque);
        }

        writer.EndArray();
    }

    /// <inheritdoc/>
    public override ImmutableSortedSet<Ref<TRecord>> Read(WireValue value) => [.. value.AsArray(Name).Select(element.Read)];

    /// <inheritdoc/>
    public override string Encode(ImmutableSortedSet<Ref<TRecord>> value) => SExpression.WriteList(value.Select(r => r.Opaque));

    /// <inheritdoc/>
    public override ImmutableSortedSet<Ref<TRecord>> Decode(string text) =>
        SExpression.TryReadList(text) is { } items ? [.. items.Select(element.Decode)] : [];

    /// <inheritdoc/>
    public override bool AreEqual(ImmutableSortedSet<Ref<TRecord>> a, ImmutableSortedSet<Ref<TRecord>> b) =>
        ReferenceEquals(a, b) || (a.Count == b.Count && a.SetEquals(b));

    /// <inheritdoc/>
    public object Add(object set, object element) => ((ImmutableSortedSet<Ref<TRecord>>)set).Add((Ref<TRecord>)element);

    /// <inheritdoc/>
    public object AddAll(object set, IEnumerable<object> elements) => ((ImmutableSortedSet<Ref<TRecord>>)set).Union(
        elements.Cast<Ref<TRecord>>());

    /// <inheritdoc/>
    public object Remove(object set, object element) => ((ImmutableSortedSet<Ref<TRecord>>)set).Remove((Ref<TRecord>)element);
}
