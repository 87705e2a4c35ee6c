using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>A map, kept in the order of its keys. Pairs that this data model has no name for are not written.</summary>
public sealed class MapType<TKey, TValue> : XenType<ImmutableSortedDictionary<TKey, TValue>>, IMapType
    where TKey : notnull
{
    private static readonly ConcurrentDictionary<(XenType, XenType), MapType<TKey, TValue>> Instances = new();
    private readonly XenType<TKey> key;
    private readonly XenType<TValue> value;

    private MapType(XenType<TKey> key, XenType<TValue> value)
    {
        this.key = key;
        this.value = value;
    }

    /// <inheritdoc/>
    public XenType Key => key;

    /// <inheritdoc/>
    public XenType Value => value;

    /// <inheritdoc/>
    public override string Name => $"map({key.Name},{value.Name})";

    /// <inheritdoc/>
    public override ImmutableSortedDictionary<TKey, TValue> Initial => ImmutableSortedDictionary<TKey, TValue>.Empty;

    /// <summary>The map of these types.</summary>
    public static MapType<TKey, TValue> Of(XenType<TKey> key, XenType<TValue> value) =>
        Instances.GetOrAdd((key, value), _ => new(key, value));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, ImmutableSortedDictionary<TKey, TValue> value)
    {
        writer.BeginStruct();
        foreach (var (k, v) in value.Where(IsRecognized))
        {
            writer.Key(key.Encode(k));
            this.value.Write(writer, v);
        }

        writer.EndStruct();
    }

    /// <inheritdoc/>
    public override ImmutableSortedDictionary<TKey, TValue> Read(WireValue value) => Read(value, key.Read, this.value.Read);

    /// <inheritdoc/>
    public override ImmutableSortedDictionary<TKey, TValue> ReadAnswer(WireValue value) =>
        Read(value, key.ReadAnswer, this.value.ReadAnswer);

    /// <inheritdoc/>
    public override string Encode(ImmutableSortedDictionary<TKey, TValue> value) =>
        SExpression.WritePairs(value.Where(IsRecognized).Select(p => KeyValuePair.Create(key.Encode(p.Key), this.value.Encode(p.Value))));

    /// <inheritdoc/>
    public override ImmutableSortedDictionary<TKey, TValue> Decode(string text)
    {
        if (text == "()" || SExpression.TryReadPairs(text) is not { } pairs)
        {
            return Initial;
        }

        var map = Initial.ToBuilder();
        foreach (var (k, v) in pairs)
        {
            map[key.Decode(k)] = value.Decode(v);
        }

        return map.ToImmutable();
    }

    /// <inheritdoc/>
    public override bool AreEqual(ImmutableSortedDictionary<TKey, TValue> a, ImmutableSortedDictionary<TKey, TValue> b) =>
        ReferenceEquals(a, b)
        || (a.Count == b.Count && a.Zip(b).All(p => key.AreEqual(p.First.Key, p.Second.Key) && value.AreEqual(p.First.Value, p.Second.Value)));

    internal override bool IsRecognized(ImmutableSortedDictionary<TKey, TValue> value) =>
        value.All(IsRecognized);

    internal override ImmutableSortedDictionary<TKey, TValue> Recognized(ImmutableSortedDictionary<TKey, TValue> value) =>
        value.RemoveRange(value.Where(p => !IsRecognized(p)).Select(p => p.Key));

    internal override string SpellAnswer(WireValue value) => SExpression.WritePairs(
        value.AsStruct(Name).Select(p => KeyValuePair.Create(key.SpellAnswer(new WireString(p.Key)), this.value.SpellAnswer(p.Value))));

    internal override void WriteSpelling(IWireWriter writer, string text)
    {
        writer.BeginStruct();

        // Of pairs with one key the last counts, as when the map is decoded.
        foreach (var (k, v) in (SExpression.TryReadPairs(text) ?? []).GroupBy(p => p.Key, p => p.Value).Select(g => (g.Key, g.Last())))
        {
            writer.Key(k);
            value.WriteSpelling(writer, v);
        }

        writer.EndStruct();
    }

    /// <inheritdoc/>
    public bool Contains(object map, object key) => ((ImmutableSortedDictionary<TKey, TValue>)map).ContainsKey((TKey)key);

    /// <inheritdoc/>
    public object Set(object map, object key, object value) =>
        ((ImmutableSortedDictionary<TKey, TValue>)map).SetItem((TKey)key, (TValue)value);

    /// <inheritdoc/>
    public object Remove(object map, object key) => ((ImmutableSortedDictionary<TKey, TValue>)map).Remove((TKey)key);

    private bool IsRecognized(KeyValuePair<TKey, TValue> pair) => key.IsRecognized(pair.Key) && value.IsRecognized(pair.Value);

    private ImmutableSortedDictionary<TKey, TValue> Read(WireValue value, Func<WireValue, TKey> readKey, Func<WireValue, TValue> readValue)
    {
        var map = Initial.ToBuilder();
        foreach (var (k, v) in value.AsStruct(Name))
        {
            map[readKey(new WireString(k))] = readValue(v);
        }

        return map.ToImmutable();
    }
}
