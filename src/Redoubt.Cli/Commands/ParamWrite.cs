using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The commands that change an object's fields. All values are checked before the first is written.</summary>
internal static class ParamWrite
{
    private static readonly string[] NoFields = ["uuid", "param-name", "param-key", "minimal"];

    /// <summary>Whether <c>name=value</c>, or <c>map:key=value</c>, can be set.</summary>
    public static bool CanSet(XeClass of, string name) => Target(of, name) is { Field.IsWritable: true } target
        && (target.Field.Kind, target.Key) is (FieldKind.Scalar, null) or (FieldKind.Map, not null);

    public static async Task SetAsync(XeClass of, CommandContext context)
    {
        var writes = context.Parameters.All.Where(p => !NoFields.Contains(p.Key))
            .Select(p => (Target: Target(of, p.Key)!.Value, p.Value)).ToList();
        if (writes.Count == 0)
        {
            throw new UsageException($"There is nothing to set. See 'redoubt help {of.Prefix}-param-set'.");
        }

        var plain = new List<(string Field, object? Value)>();
        foreach (var (target, value) in writes.Where(w => w.Target.Key is null))
        {
            plain.Add((target.Field.ApiField!, await ParseAsync(of, target.Field, value, context)));
        }

        var self = await context.RefAsync(of.ClassName);
        foreach (var (field, value) in plain)
        {
            await context.CallAsync($"{of.ClassName}.set_{field}", self, value);
        }

        foreach (var (target, value) in writes.Where(w => w.Target.Key is not null))
        {
            await PutAsync(of, context, self, target.Field.ApiField!, target.Key!, value);
        }
    }

    public static async Task AddAsync(XeClass of, CommandContext context)
    {
        var field = Writable(of, context);
        var key = context.Parameters.Find("param-key");
        var pairs = context.Parameters.All.Where(p => !NoFields.Contains(p.Key)).ToList();
        if (field.Kind == FieldKind.Scalar
            || (field.Kind == FieldKind.Set ? key is null || pairs.Count > 0 : key is not null || pairs.Count == 0))
        {
            throw new UsageException(field.Kind switch
            {
                FieldKind.Set => $"{field.Name} is a set: write param-name={field.Name} param-key=VALUE.",
                FieldKind.Map => $"{field.Name} is a map: write param-name={field.Name} KEY=VALUE.",
                _ => $"{field.Name} is neither a set nor a map; use {of.Prefix}-param-set.",
            });
        }

        var self = await context.RefAsync(of.ClassName);
        if (key is not null)
        {
            await context.CallAsync($"{of.ClassName}.add_{field.ApiField}", self, key);
        }

        foreach (var (name, value) in pairs)
        {
            await context.CallAsync($"{of.ClassName}.add_to_{field.ApiField}", self, name, value);
        }
    }

    public static async Task RemoveAsync(XeClass of, CommandContext context)
    {
        var field = Writable(of, context);
        var key = context.Parameters.Get("param-key");
        if (field.Kind == FieldKind.Scalar)
        {
            throw new UsageException($"{field.Name} is neither a set nor a map; use {of.Prefix}-param-clear.");
        }

        var self = await context.RefAsync(of.ClassName);
        var value = await context.CallAsync($"{of.ClassName}.get_{field.ApiField}", self);
        var isThere = value switch
        {
            WireStruct map => map[key] is not null,
            WireArray set => set.Items.OfType<WireString>().Any(s => s.Value == key),
            _ => false,
        };
        if (!isThere)
        {
            throw new UsageException($"'{key}' is not in {field.Name}.");
        }

        await context.CallAsync($"{of.ClassName}.{(field.Kind == FieldKind.Set ? "remove_" : "remove_from_")}{field.ApiField}", self, key);
    }

    public static async Task ClearAsync(XeClass of, CommandContext context)
    {
        var field = Writable(of, context);
        object? empty = of.Model.FindField(field.ApiField!)!.Type switch
        {
            ISetType => new WireArray([]),
            IMapType => new WireStruct([]),
            IRefType => RefText.Null,
            var type when type == XenTypes.String => "",
            _ => throw new UsageException($"{field.Name} can't be empty; use {of.Prefix}-param-set."),
        };
        var self = await context.RefAsync(of.ClassName);
        if (of.Model.Messages.ContainsKey("set_" + field.ApiField))
        {
            await context.CallAsync($"{of.ClassName}.set_{field.ApiField}", self, empty);
            return;
        }

        // A set that is only added to and removed from.
        foreach (var element in (await context.CallAsync($"{of.ClassName}.get_{field.ApiField}", self)).AsArray(field.Name))
        {
            await context.CallAsync($"{of.ClassName}.remove_{field.ApiField}", self, element);
        }
    }

    private static XeField Writable(XeClass of, CommandContext context)
    {
        var name = context.Parameters.Get("param-name");
        var field = of.Find(name) ?? throw new UsageException($"{of.Prefix} has no field '{name}'.");
        return field is { IsWritable: true, ApiField: not null } ? field : throw new UsageException($"{name} can't be changed.");
    }

    // xe lets a key be set whether or not it is there; XenAPI refuses to add one twice. A refusal must cost no value that was there: the
    // map is set as a whole, but for the one of which single keys may be changed by whoever may not change the others.
    private static async Task PutAsync(XeClass of, CommandContext context, string self, string field, string key, string value)
    {
        if (await context.CallAsync($"{of.ClassName}.get_{field}", self) is WireStruct map && map[key] is { } old)
        {
            if (old is WireString { Value: var same } && same == value)
            {
                return;
            }

            if (field != "other_config" && of.Model.Messages.ContainsKey("set_" + field))
            {
                await context.CallAsync(
                    $"{of.ClassName}.set_{field}", self,
                    new WireStruct([.. map.Members.Where(m => m.Key != key), new(key, new WireString(value))]));
                return;
            }

            await context.CallAsync($"{of.ClassName}.remove_from_{field}", self, key);
        }

        await context.CallAsync($"{of.ClassName}.add_to_{field}", self, key, value);
    }

    private static (XeField Field, string? Key)? Target(XeClass of, string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var field = of.Find(colon < 0 ? name : name[..colon]);
        return field?.ApiField is null ? null : (field, colon < 0 ? null : name[(colon + 1)..]);
    }

    private static async Task<object?> ParseAsync(XeClass of, XeField field, string text, CommandContext context)
    {
        var type = of.Model.FindField(field.ApiField!)!.Type;
        return type switch
        {
            IRefType => text.Length == 0 ? RefText.Null : await context.RefOfAsync(((IRefType)type).ClassName, text),
            IEnumType choice => choice.Values.FirstOrDefault(v => Means(type, v, text))
                ?? throw new UsageException($"{field.Name} must be one of {string.Join(", ", choice.Values)}, not '{text}'."),
            _ when type == XenTypes.Bool => Parameters.ParseBool(field.Name, text),
            _ when type == XenTypes.Int => field.Name.Contains("memory", StringComparison.Ordinal)
                ? ByteSize.Parse(field.Name, text)
                : Parameters.ParseInt(field.Name, text),
            _ when type == XenTypes.Float => double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new UsageException($"{field.Name}= must be a number, not '{text}'."),
            _ => text,
        };
    }

    private static bool Means(XenType type, string value, string text) =>
        string.Equals(value, text, StringComparison.OrdinalIgnoreCase)
        || string.Equals(EnumText.Show(type.Name["enum ".Length..], value), text, StringComparison.OrdinalIgnoreCase);
}
