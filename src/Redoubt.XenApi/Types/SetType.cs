using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>
/// A set. Its order is kept, because databases keep it, but means nothing. Elements that this data model has no name for are not written.
/// </summary>
public sealed class SetType<T> : XenType<ImmutableList<T>>, ISetType
{
    private static readonly ConcurrentDictionary<XenType<T>, SetType<T>> Instances = new();
    private readonly XenType<T> element;

    private SetType(XenType<T> element) => this.element = element;

    /// <inheritdoc/>
    public XenType Element => element;

    /// <inheritdoc/>
    public override string Name => $"set({element.Name})";

    /// <inheritdoc/>
    public override ImmutableList<T> Initial => [];

    /// <summary>The set of this element type.</summary>
    public static SetType<T> Of(XenType<T> element) => Instances.GetOrAdd(element, e => new(e));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, ImmutableList<T> value)
    {
        writer.BeginArray();
        foreach (var item in value.Where(element.IsRecognized))
        {
            element.Write(writer, item);
        }

        writer.EndArray();
    }

    /// <inheritdoc/>
    public override ImmutableList<T> Read(WireValue value) => [.. value.AsArray(Name).Select(element.Read)];

    /// <inheritdoc/>
    public override ImmutableList<T> ReadAnswer(WireValue value) => [.. value.AsArray(Name).Select(element.ReadAnswer)];

    /// <inheritdoc/>
    public override string Encode(ImmutableList<T> value) =>
        SExpression.WriteList(value.Where(element.IsRecognized).Select(element.Encode));

    /// <inheritdoc/>
    public override ImmutableList<T> Decode(string text) =>
        text == "()" ? [] : SExpression.TryReadList(text) is { } items ? [.. items.Select(element.Decode)] : [];

    /// <inheritdoc/>
    public override bool AreEqual(ImmutableList<T> a, ImmutableList<T> b)
    {
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (a.Count != b.Count)
        {
            return false;
        }

        using var other = b.GetEnumerator();
        return a.TrueForAll(item => other.MoveNext() && element.AreEqual(item, other.Current));
    }

    internal override bool IsRecognized(ImmutableList<T> value) => value.TrueForAll(element.IsRecognized);

    internal override ImmutableList<T> Recognized(ImmutableList<T> value) => value.RemoveAll(item => !element.IsRecognized(item));

    internal override string SpellAnswer(WireValue value) => SExpression.WriteList(value.AsArray(Name).Select(element.SpellAnswer));

    internal override void WriteSpelling(IWireWriter writer, string text)
    {
        writer.BeginArray();
        foreach (var item in SExpression.TryReadList(text) ?? [])
        {
            element.WriteSpelling(writer, item);
        }

        writer.EndArray();
    }

    /// <inheritdoc/>
    public object Add(object set, object element) =>
        ((ImmutableList<T>)set).Contains((T)element) ? set : ((ImmutableList<T>)set).Add((T)element);

    /// <inheritdoc/>
    public object AddAll(object set, IEnumerable<object> elements) => elements.Aggregate(set, Add);

    /// <inheritdoc/>
    public object Remove(object set, object element) => ((ImmutableList<T>)set).Remove((T)element);
}
