using Redoubt.Cli.Fields;

namespace Redoubt.Cli.Commands;

/// <summary>
/// The commands that every class has because of its fields: <c>-list</c> and <c>-param-list</c>, <c>-get</c>, <c>-set</c> and so on.
/// </summary>
internal static class ClassCommands
{
    private static readonly string[] Suffixes =
        ["-param-list", "-param-get", "-param-set", "-param-add", "-param-remove", "-param-clear", "-list"];

    /// <summary>The command of this name, or null.</summary>
    public static Command? Find(string name)
    {
        var suffix = Array.Find(Suffixes, s => name.EndsWith(s, StringComparison.Ordinal));
        return suffix is not null && XeClasses.Find(name[..^suffix.Length]) is { } of ? Of(of).FirstOrDefault(c => c.Name == name) : null;
    }

    /// <summary>The commands of a class. Those that write are missing where nothing can be written.</summary>
    public static IEnumerable<Command> Of(XeClass of)
    {
        yield return new Command(
            $"{of.Prefix}-list", $"Lists {of.Prefix} objects that meet all conditions.", context => ListCommand.RunAsync(of, context))
        {
            Optional = ["params", "database:", "all", "json"],
            AcceptsOther = name => FieldFilter.Accepts(of, name),
            OtherNames = () =>
                of.Fields.Where(f => !f.IsHidden).Select(f => f.Name)
                    .Concat(of.Fields.Where(f => f.Kind == FieldKind.Set).Select(f => f.Name + ":contains")),
            OtherHelp = "conditions: field=value, set:contains=value, map:key=value",
        };
        yield return new Command($"{of.Prefix}-param-list", "Shows all fields of one object.", context => ParamRead.ListAsync(of, context))
        {
            Required = ["uuid"],
            Optional = ["database:", "json"],
        };
        yield return new Command(
            $"{of.Prefix}-param-get", "Shows one field, or the value of one key of a map.", context => ParamRead.GetAsync(of, context))
        {
            Required = ["uuid", "param-name"],
            Optional = ["param-key", "database:"],
        };
        if (of.Fields.Any(f => f.IsWritable && f.Kind != FieldKind.Set))
        {
            yield return Command.Make($"{of.Prefix}-param-set", "Sets fields.", context => ParamWrite.SetAsync(of, context)) with
            {
                Required = ["uuid"],
                AcceptsOther = name => ParamWrite.CanSet(of, name),
                OtherNames = () =>
                    of.Fields.Where(f => f.IsWritable && f.Kind != FieldKind.Set)
                        .Select(f => f.Kind == FieldKind.Map ? f.Name + ":" : f.Name),
                OtherHelp = "field=value and map:key=value, for these: " + string.Join(
                    ' ', of.Fields.Where(f => f.IsWritable && f.Kind != FieldKind.Set).Select(f => f.Name)),
            };
            yield return Command.Make($"{of.Prefix}-param-clear", "Empties a field.", context => ParamWrite.ClearAsync(of, context)) with
            {
                Required = ["uuid", "param-name"],
            };
        }

        if (of.Fields.Any(f => f.IsWritable && f.Kind != FieldKind.Scalar))
        {
            yield return Command.Make(
                $"{of.Prefix}-param-add", "Adds to a set (param-key=) or a map (key=value).",
                context => ParamWrite.AddAsync(of, context)) with
            {
                Required = ["uuid", "param-name"],
                Optional = ["param-key"],
                AcceptsOther = _ => true,
                OtherHelp = "for a map, the pairs to add: key=value",
            };
            yield return Command.Make(
                $"{of.Prefix}-param-remove", "Removes from a set or a map.", context => ParamWrite.RemoveAsync(of, context)) with
            {
                Required = ["uuid", "param-name", "param-key"],
            };
        }
    }
}
