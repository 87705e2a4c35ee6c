using System.Reflection;

namespace Redoubt.XenApi.Tests.Types;

/// <summary>One type of the data model under test, with what is known only where its .NET type is.</summary>
internal sealed class TypeCase(XenType type)
{
    /// <summary>Every type that a field or a message has and that is made of values, and some nested deeper than those.</summary>
    public static IReadOnlyDictionary<string, XenType> All { get; } = Declared()
        .Append(SetType<DateTimeOffset>.Of(XenTypes.DateTime))
        .Append(SetType<double>.Of(XenTypes.Float))
        .Append(MapType<DateTimeOffset, bool>.Of(XenTypes.DateTime, XenTypes.Bool))
        .Append(
            SetType<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>.Of(
                MapType<string, string>.Of(XenTypes.String, XenTypes.String)))
        .DistinctBy(t => t.Name)
        .ToDictionary(t => t.Name);

    public object? Decode(string text) => Call("Decode", text);

    public bool AreEqual(object? a, object? b) => (bool)Call("AreEqual", a, b)!;

    private object? Call(string method, params object?[] arguments) =>
        type.GetType().GetMethod(method)!.Invoke(type, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    private static IEnumerable<XenType> Declared() => DataModel.Classes.Values
        .SelectMany(
            c => c.AllFields.Select(f => f.Type).Concat(
                c.Messages.Values.SelectMany(m => m.Parameters.Select(p => p.Type).Append(m.Result))))
        .Where(t => !t.Name.Contains("record", StringComparison.Ordinal) && t != XenTypes.EventBatch);
}
