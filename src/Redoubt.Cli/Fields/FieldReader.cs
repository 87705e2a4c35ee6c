using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Cli.Fields;

/// <summary>Turns the fields of a class's objects into xe's text.</summary>
internal sealed class FieldReader(XeClass of, RecordCache cache)
{
    public FieldValue Read(XeField field, XeObject row)
    {
        if (field.Source[0] == '!')
        {
            return new(SpecialFields.Evaluate(field.Source[1..], row, cache));
        }

        if (field.Source[0] == '?')
        {
            var message = of.Model.Messages[field.Source[1..]];
            return Show(field, message.Result, cache.Ask($"{of.ClassName}.{message.Name}", row.Ref));
        }

        var way = field.Source.Split('>');
        var model = of.Model.FindField(way[0]);
        var value = row.Record[way[0]];
        if (model is null || value is null)
        {
            return new(XeField.Absent);
        }

        return way.Length == 1 ? Show(field, model.Type, value) : Follow(field, model.Type, value, way[1]);
    }

    // A reference's own field, or, for a set of references, the field of each.
    private FieldValue Follow(XeField field, XenType type, WireValue value, string next)
    {
        if (type is ISetType { Element: IRefType each } && value is WireArray set)
        {
            return FieldValue.OfSet([.. set.Items.Select(item => Follow(field, each, item, next).Text)], field.Separator);
        }

        return Follow(field, (IRefType)type, value, next);
    }

    private FieldValue Follow(XeField field, IRefType type, WireValue value, string next)
    {
        var target = DataModel.Classes[type.ClassName];
        return value is WireString reference
            && cache.Find(type.ClassName, reference.Value)?[next] is { } found
            && target.FindField(next) is { } model
            ? Show(field, model.Type, found)
            : new(field.Otherwise);
    }

    private FieldValue Show(XeField field, XenType type, WireValue value) => (type, value) switch
    {
        (ISetType set, WireArray items) => FieldValue.OfSet([.. items.Items.Select(item => Text(set.Element, item))], field.Separator),

        // Current operations are a map from tasks; xe shows what is done and not by which task.
        (IMapType map, WireStruct members) when field.Kind == FieldKind.Set || map.Value is IEnumType =>
            FieldValue.OfSet([.. members.Members.Select(m => Text(map.Value, m.Value))], field.Separator),
        (IMapType map, WireStruct members) =>
            FieldValue.OfMap(
                [.. members.Members.Select(m => KeyValuePair.Create(Text(map.Key, new WireString(m.Key)), Text(map.Value, m.Value)))]),
        _ => new(Text(type, value)) { Type = type },
    };

    private string Text(XenType type, WireValue value) => (type, value) switch
    {
        (IRefType to, WireString reference) => (cache.Find(to.ClassName, reference.Value)?["uuid"] as WireString)?.Value ?? XeField.Absent,
        (IEnumType, WireString { Value.Length: > 0 } name) => EnumText.Show(type.Name["enum ".Length..], name.Value),
        (_, WireString text) => text.Value,
        (_, WireInt number) when type == XenTypes.Float => ((double)number.Value).ToString("F3", CultureInfo.InvariantCulture),
        (_, WireInt number) => number.Value.ToString(CultureInfo.InvariantCulture),
        (_, WireFloat number) => number.Value.ToString("F3", CultureInfo.InvariantCulture),
        (_, WireBool truth) => truth.Value ? "true" : "false",
        (_, WireArray items) => string.Join("; ", items.Items.Select(item => Text(XenTypes.String, item))),
        (_, WireStruct members) => string.Join("; ", members.Members.Select(m => $"{m.Key}: {Text(XenTypes.String, m.Value)}")),
        _ => "",
    };
}
