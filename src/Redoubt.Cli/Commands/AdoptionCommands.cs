using System.Text.Json.Nodes;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Commands;

/// <summary>VMs that others made: looking at the domains of a libvirt, adopting them, giving them back.</summary>
internal static class AdoptionCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "adopt", "Lists the domains of a libvirt of the server's host: their disks, networks, and what can't be kept of them and why.",
            ListAsync) with
        {
            Optional = ["libvirt", "domain", "json"],
        },
        Command.Make(
            "vm-adopt", "Makes a domain of a libvirt a VM of the pool, where it is and while it runs; prints its UUID.", AdoptAsync) with
        {
            Required = ["domain"],
            Optional = ["libvirt"],
        },
        Command.Make(
            "vm-definition", "Prints libvirt's definition of a VM that is adopted, or was where it comes from.", ShowAsync) with
        {
            Required = ["uuid"],
        },
        Command.OnObject(
            "vm-unadopt", "VM", "unadopt", "Gives an adopted VM back: its domain and its disks stay as they are, and the pool forgets it."),
    ];

    private static async Task ListAsync(CommandContext context)
    {
        var (terminal, wanted) = (context.Terminal, context.Parameters.Find("domain"));
        var text = (await context.CallAsync("VM.get_adoptable", context.Parameters.GetOr("libvirt", ""))).AsString("string");
        if (context.Parameters.Flag("json"))
        {
            terminal.PrintLine(text);
            return;
        }

        var answer = JsonNode.Parse(text)!;
        var domains = answer["domains"]!.AsArray().Select(d => d!)
            .Where(d => wanted is null || Text(d, "name") == wanted || Text(d, "uuid") == wanted).ToList();
        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(terminal, domains.Select(d => Text(d, "uuid")));
            return;
        }

        terminal.PrintLine($"{domains.Count} domains of {Text(answer, "libvirt")}");
        foreach (var domain in domains)
        {
            Print(terminal, domain);
        }
    }

    private static void Print(Terminal terminal, JsonNode domain)
    {
        var standing = Is(domain, "adopted") ? "adopted" : Is(domain, "adoptable") ? "can be adopted" : "can't be adopted";
        void Line(string text) => terminal.PrintLine(PlainLines.OneLine(text));
        terminal.PrintLine("");
        Line($"{Text(domain, "name")} ({Text(domain, "uuid")}): {(Is(domain, "running") ? "running" : "off")}, {standing}");
        Line(
            $"  {(long)domain["memory"]! >> 20} MiB, {(int)domain["vcpus"]!} VCPUs, {Text(domain, "machine")}, {Text(domain, "firmware")}");
        foreach (var disk in domain["disks"]!.AsArray().Select(d => d!))
        {
            var place = Text(disk, "place") is { Length: > 0 } somewhere ? somewhere : "empty";
            var vdi = Text(disk, "vdi") is { Length: > 0 } uuid ? $", VDI {uuid}" : "";
            Line($"  {Text(disk, "device")} {Text(disk, "target")} ({Text(disk, "bus")}): {place} ({Text(disk, "format")}{vdi})");
        }

        foreach (var nic in domain["networks"]!.AsArray().Select(n => n!))
        {
            Line($"  interface {Text(nic, "mac")} ({Text(nic, "model")}): {Text(nic, "kind")} {Text(nic, "network")}");
        }

        foreach (var finding in domain["findings"]!.AsArray().Select(f => f!))
        {
            Line($"  {Text(finding, "weight")}: {Text(finding, "subject")}: {Text(finding, "text")}");
        }
    }

    private static async Task AdoptAsync(CommandContext context) => await context.PrintUuidAsync(
        "VM", await context.CallAsync("VM.adopt", context.Parameters.GetOr("libvirt", ""), context.Parameters.Get("domain")));

    private static async Task ShowAsync(CommandContext context) => context.Terminal.PrintLine(
        (await context.CallAsync("VM.get_snapshot_metadata", await context.RefAsync("VM"))).AsString("string"));

    private static string Text(JsonNode node, string name) => (string)node[name]!;

    private static bool Is(JsonNode node, string name) => (bool)node[name]!;
}
