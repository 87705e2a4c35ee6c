using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Storage repositories, and the replication of the pool's metadata to them.</summary>
internal static class SrCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("sr-create", "Makes an SR and attaches it; prints its UUID.", CreateAsync) with
        {
            Required = ["name-label", "type"],
            Optional = ["name-description", "host-uuid", "device-config:", "shared", "physical-size", "content-type", "sm-config:"],
        },
        Command.Make("sr-probe", "Shows what SRs are at a place, without changing it.", ProbeAsync) with
        {
            Required = ["type"],
            Optional = ["host-uuid", "device-config:", "sm-config:"],
        },
        Command.Make("sr-introduce", "Makes an existing SR known to the pool; attaches nothing. Prints its UUID.", IntroduceAsync) with
        {
            Required = ["name-label", "type", "uuid"],
            Optional = ["name-description", "shared", "content-type"],
        },
        Command.OnObject("sr-forget", "SR", "forget", "Makes the pool forget an SR; what is on the storage stays."),
        Command.OnObject("sr-destroy", "SR", "destroy", "Destroys an SR and all that is on it."),
        Command.Make("sr-probe-ext", "Shows as JSON what SRs are at a place, without changing it.", ProbeExtAsync) with
        {
            Required = ["type"],
            Optional = ["host-uuid", "device-config:", "sm-config:"],
        },
        Command.OnObject("sr-update", "SR", "update", "Reads again how large and how full an SR is."),
        Command.OnObject("sr-scan", "SR", "scan", "Looks for disks that came or went on the storage."),
        Command.OnObject(
            "sr-enable-database-replication", "SR", "enable_database_replication",
            "Protects the pool: keeps its metadata on this SR, up to date."),
        Command.OnObject(
            "sr-disable-database-replication", "SR", "disable_database_replication",
            "Ends the protection on this SR and deletes the metadata there."),
        Command.Make(
            "sr-database-replication-state", "Shows how the copy of the pool's metadata on an SR stands, and how far it is behind.",
            StateAsync) with
        {
            Required = ["uuid"],
            Optional = ["json"],
        },
        Command.Make(
            "metadata-history-list", "Lists the earlier states of pool metadata that an SR's metadata disks keep.", HistoryAsync) with
        {
            Required = ["sr-uuid"],
            Optional = ["json"],
        },
    ];

    private static async Task HistoryAsync(CommandContext context)
    {
        var sr = await context.CallAsync("SR.get_by_uuid", context.Parameters.Get("sr-uuid"));
        var volumes = new List<(string Uuid, List<WireStruct> States)>();
        foreach (var vdi in (await context.CallAsync("SR.get_VDIs", sr)).AsArray("set(ref VDI)"))
        {
            if ((await context.CallAsync("VDI.get_type", vdi)).AsString("string") == "metadata")
            {
                var states = (await context.CallAsync("VDI.get_database_history", vdi)).AsArray("set(map(string,string))");
                volumes.Add(((await context.CallAsync("VDI.get_uuid", vdi)).AsString("string"), [.. states.Cast<WireStruct>()]));
            }
        }

        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintTexts(
                context.Terminal, volumes.SelectMany(v => v.States.Select(s => Texts(s).Prepend(new("vdi-uuid", v.Uuid)))));
            return;
        }

        foreach (var (uuid, states) in volumes)
        {
            context.Terminal.PrintLine($"vdi-uuid: {uuid}");
            context.Terminal.PrintLine($"  {"time",-18}{"generation",12}{"VMs",7}{"vApps",7}  pool");
            foreach (var fields in states)
            {
                string Field(string name) => fields[name]?.AsString("string") ?? "";
                context.Terminal.PrintLine(PlainLines.OneLine(
                    $"  {Field("time"),-18}{Field("generation"),12}{Field("vms"),7}{Field("appliances"),7}  "
                        + $"{Field("pool_name_label")} ({Field("pool_uuid")})"));
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Texts(WireStruct map) =>
        map.Members.Select(m => KeyValuePair.Create(m.Key.Replace('_', '-'), m.Value.AsString("string")));

    private static async Task StateAsync(CommandContext context)
    {
        var sr = await context.CallAsync("SR.get_by_uuid", context.Parameters.Get("uuid"));
        var state = Texts(
            new WireStruct(
                [.. (await context.CallAsync("SR.get_database_replication_state", sr)).AsStruct("map(string,string)")])).ToList();
        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintText(context.Terminal, state);
            return;
        }

        var width = state.Select(s => s.Key.Length).DefaultIfEmpty().Max();
        foreach (var (key, value) in state)
        {
            context.Terminal.PrintLine($"{key.PadLeft(width)}: {PlainLines.Escaped(value)}");
        }
    }

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var size = p.FindBytes("physical-size") ?? 0;
        var shared = p.Flag("shared");
        var sr = await context.CallAsync(
            "SR.create",
            await HostAsync(context),
            p.Map("device-config"),
            size,
            p.Get("name-label"),
            p.GetOr("name-description", ""),
            p.Get("type"),
            p.GetOr("content-type", ""),
            shared,
            p.Map("sm-config"));
        await context.PrintUuidAsync("SR", sr);
    }

    private static async Task ProbeAsync(CommandContext context)
    {
        var p = context.Parameters;
        var found = await context.CallAsync(
            "SR.probe", await HostAsync(context), p.Map("device-config"), p.Get("type"), p.Map("sm-config"));
        context.Terminal.PrintLine(found.AsString("string").TrimEnd('\n'));
    }

    private static async Task ProbeExtAsync(CommandContext context)
    {
        var p = context.Parameters;
        var found = await context.CallAsync(
            "SR.probe_ext", await HostAsync(context), p.Map("device-config"), p.Get("type"), p.Map("sm-config"));
        RecordJson.PrintTexts(context.Terminal, found.AsArray("set(record probe_result)").OfType<WireStruct>().Select(Flat));
    }

    // What was found of an SR, what leads to it, and what else is known.
    private static List<KeyValuePair<string, string>> Flat(WireStruct found) =>
    [
        .. from part in found.Members
           from inner in part.Value is WireStruct parts ? parts.Members : [part]
           where inner.Value is WireString or WireInt or WireBool
           select KeyValuePair.Create(inner.Key.Replace('_', '-'), inner.Value switch
           {
               WireString text => text.Value,
               WireInt number => $"{number.Value}",
               _ => inner.Value is WireBool { Value: true } ? "true" : "false",
           }),
    ];

    private static async Task IntroduceAsync(CommandContext context)
    {
        var p = context.Parameters;
        var sr = await context.CallAsync(
            "SR.introduce",
            p.Get("uuid"),
            p.Get("name-label"),
            p.GetOr("name-description", ""),
            p.Get("type"),
            p.GetOr("content-type", ""),
            p.Flag("shared"),
            new Dictionary<string, string>());
        await context.PrintUuidAsync("SR", sr);
    }

    // Without host-uuid the coordinator does it, as with xe.
    private static async Task<string> HostAsync(CommandContext context)
    {
        if (context.Parameters.Find("host-uuid") is { } uuid)
        {
            return await context.RefOfAsync("host", uuid);
        }

        var pools = await context.CallAsync("pool.get_all_records");
        return pools is WireStruct { Members: [{ Value: WireStruct pool }, ..] } && pool["master"] is WireString coordinator
            ? coordinator.Value
            : throw new WireFormatException("a pool without a coordinator");
    }
}
