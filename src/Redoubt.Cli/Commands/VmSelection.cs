using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Commands;

/// <summary>
/// Chooses the VMs a command works on, as with xe: <c>vm=</c> a name or UUID, or any conditions on fields. More than one VM takes
/// <c>--multiple</c>. Templates and control domains are left out.
/// </summary>
internal static class VmSelection
{
    public const string Help = "which VM: vm=NAME or vm=UUID, or conditions on its fields (uuid=, name-label=, ...)";

    /// <summary>What xe calls these parameters.</summary>
    public static readonly IReadOnlyList<string> Names = ["<vm-selectors>"];

    private const string Multiple = "multiple";

    private static XeClass Vms => XeClasses.Find("vm")!;

    public static bool Accepts(string name) => name is "vm" or Multiple || FieldFilter.Accepts(Vms, name);

    /// <summary>A command on chosen VMs.</summary>
    public static Command Command(
        string name, string help, IReadOnlyList<string> required, IReadOnlyList<string> optional,
        Func<CommandContext, XeObject, Task> work) =>
        new(name, help, context => ForEachAsync(context, [.. required, .. optional], vm => work(context, vm)))
        {
            Required = required,
            Optional = optional,
            AcceptsOther = Accepts,
            OtherHelp = Help,
            OtherNames = () => Names,
        };

    /// <summary>Does something with every chosen VM, the next one even if one fails.</summary>
    public static async Task<int> ForEachAsync(CommandContext context, IReadOnlyList<string> own, Func<XeObject, Task> work)
    {
        var vms = await SelectAsync(context, own);
        var failures = new List<Exception>();
        foreach (var vm in vms)
        {
            try
            {
                await work(vm);
            }
            catch (XenApi.XenApiException failed) when (vms.Count > 1)
            {
                failures.Add(failed);
                context.Terminal.ErrorLine($"VM {PlainLines.OneLine(vm.Name)} ({vm.Uuid}):");
                await ErrorPrinter.PrintAsync(context.Terminal, failed, await context.ConnectAsync(), context.CancellationToken);
            }
        }

        return failures.Count == 0 ? ExitCode.Success : failures.Count < vms.Count ? ExitCode.Partial : ExitCode.Failure;
    }

    /// <summary>Finds the chosen VMs.</summary>
    /// <param name="context">The command.</param>
    /// <param name="own">The command's own parameters, which are no conditions; a colon at the end stands for all of a map.</param>
    /// <param name="database">Where to look, if not in the pool's own database.</param>
    /// <exception cref="UsageException">None matches, or several do and <c>--multiple</c> is not given.</exception>
    public static async Task<IReadOnlyList<XeObject>> SelectAsync(
        CommandContext context, IReadOnlyList<string> own, XenApi.XenApiClient? database = null)
    {
        var p = context.Parameters;
        var wanted = p.Find("vm");
        var conditions = p.All.Where(
            c => c.Key is not ("vm" or Multiple or "minimal") && !own.Contains(c.Key)
                && !own.Any(o => o.EndsWith(':') && c.Key.StartsWith(o, StringComparison.Ordinal))).ToList();
        if (wanted is null && conditions.Count == 0 && !p.Flag(Multiple))
        {
            throw new UsageException(
                "Which VM? Give vm=NAME, vm=UUID or conditions; --multiple alone means all.", XeFailure("No matching VMs found"));
        }

        var filters = Vms.Filter.Append(new("is-control-domain", "false")).Concat(conditions)
            .Select(c => FieldFilter.Parse(Vms, c.Key, c.Value)).ToList();
        var api = database ?? await context.ConnectAsync();
        var found = await ObjectQuery.RunAsync(
            api, Vms, new RecordCache(api, context.CancellationToken), filters, context.CancellationToken);
        IReadOnlyList<XeObject> vms = wanted is null ? found : [.. found.Where(vm => vm.Uuid == wanted || vm.Name == wanted)];
        return vms.Count switch
        {
            0 => throw new UsageException("No VM matches.", XeFailure("No matching VMs found")),
            > 1 when !p.Flag(Multiple) => throw new UsageException(
                $"{vms.Count} VMs match: {string.Join(", ", vms.Take(5).Select(vm => $"{PlainLines.OneLine(vm.Name)} ({vm.Uuid})"))}{(vms.Count > 5 ? ", ..." : "")}. Name one, or give --multiple.",
                XeFailure("Multiple matches VMs found. --multiple required to complete the operation")),
            _ => vms,
        };
    }

    // xe takes what it finds wrong itself for a failure within the server.
    private static string XeFailure(string text) => string.Join('\n', XenApi.XeErrors.Lines("INTERNAL_ERROR", [$"Failure: {text}"]));
}
