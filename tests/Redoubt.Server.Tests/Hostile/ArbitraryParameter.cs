using FsCheck;
using FsCheck.Fluent;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Makes up values that are mostly of the type a call wants.</summary>
internal static class ArbitraryParameter
{
    private static readonly Gen<WireValue> Text = Gen.OneOf(
        Gen.Elements(
            "", "a", "0", "-1", "true", "OpaqueRef:NULL", "/", "../..", "file", "x=y&<>\"'", "\u0001\ud83d\ude00", "99999999999999999999",
            new string('x', 5000)),
        ArbMap.Default.GeneratorFor<string>().Select(s => s ?? "")).Select(s => (WireValue)new WireString(s));

    private static readonly Gen<WireValue> Number = Gen.OneOf(
        Gen.Elements(0L, 1, -1, 512, int.MaxValue, long.MaxValue, long.MinValue),
        ArbMap.Default.GeneratorFor<int>().Select(i => (long)i)).Select(n => (WireValue)new WireInt(n));

    private static readonly Gen<WireValue> Wrong = Gen.OneOf(
        Text, Number,
        Gen.Elements<WireValue>(
            WireNull.Instance, new WireBool(true), new WireArray([]), new WireStruct([]), new WireFloat(1e300),
            new WireArray([new WireArray([])])));

    /// <summary>A value for this type, as the data model spells it; every eighth is of another.</summary>
    public static Gen<WireValue> Of(string type, IReadOnlyDictionary<string, string[]> known, int depth) =>
        Gen.Frequency((7, Right(type, known, depth)), (1, Wrong));

    private static Gen<WireValue> Right(string type, IReadOnlyDictionary<string, string[]> known, int depth)
    {
        if (type.StartsWith("ref ", StringComparison.Ordinal))
        {
            return Gen.Elements([.. known[type[4..]], "OpaqueRef:NULL", "OpaqueRef:nope", ""]).Select(r => (WireValue)new WireString(r));
        }

        if (type.StartsWith("set(", StringComparison.Ordinal))
        {
            return Of(type[4..^1], known, depth - 1).ListOf().Select(items => (WireValue)new WireArray([.. items.Take(3)]));
        }

        if (type.StartsWith("map(", StringComparison.Ordinal))
        {
            var (key, value) = (type[4..type.IndexOf(',', StringComparison.Ordinal)], type[(type.IndexOf(',', StringComparison.Ordinal) + 1)..^1]);
            var pair = from k in Right(key, known, depth - 1)
                       from v in Of(value, known, depth - 1)
                       select KeyValuePair.Create(k is WireString text ? text.Value : "1", v);
            return pair.ListOf().Select(members => (WireValue)new WireStruct([.. members.Take(3)]));
        }

        if (type.StartsWith("record ", StringComparison.Ordinal) && depth > 0 && DataModel.Classes.TryGetValue(type[7..], out var model))
        {
            return Gen.CollectToList(model.Fields, f => Of(f.Type.Name, known, depth - 1).Select(v => KeyValuePair.Create(f.Name, v)))
                .Select(members => (WireValue)new WireStruct(members));
        }

        return type switch
        {
            "int" => Number,
            "bool" => Gen.Elements<WireValue>(new WireBool(true), new WireBool(false)),
            "float" =>
                Gen.Elements<WireValue>(new WireFloat(0.5), new WireFloat(-1), new WireFloat(1e308), new WireInt(3), WireNull.Instance),
            "datetime" =>
                Gen.Elements<WireValue>(new WireString("19700101T00:00:00Z"), new WireString("99991231T23:59:60Z"), new WireString("x")),
            _ => Text,
        };
    }
}
