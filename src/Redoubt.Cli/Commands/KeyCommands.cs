using System.Text;
using System.Text.Json;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The keys to the secrets in the pool's metadata.</summary>
internal static class KeyCommands
{
    private const int MostBytes = 1 << 20;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "pool-key-export",
            "Writes the pool's key to the secrets in its metadata to a file, wrapped with a passphrase, for one recipient.",
            ExportAsync) with
        {
            Required = ["file-name"],
            Optional = ["recipient", "passphrase-file"],
        },
        Command.Make(
            "pool-key-import",
            "Takes in the key of another pool, or this pool's own of before, from a file; opens what is sealed with it here.",
            ImportAsync) with
        {
            Required = ["file-name"],
            Optional = ["passphrase-file"],
        },
        Command.Make(
            "pool-key-list", "Lists the keys that the pool has, and who was given its own.", ListAsync) with { Optional = ["json"] },
        Command.Make(
            "pool-key-rotate", "Seals with another key from now on. The ones of before still open; make new exports afterwards.",
            RotateAsync),
    ];

    private static async Task ExportAsync(CommandContext context)
    {
        var p = context.Parameters;
        var recipient = p.GetOr("recipient", "operator");
        var passphrase = NewPassword.Read(context, "passphrase", $"Passphrase for {recipient}: ");
        var text = await context.CallAsync("pool.export_key", await PoolAsync(context), recipient, passphrase);
        await context.Files.WriteNewAsync(
            p.Get("file-name"),
            async target => await target.WriteAsync(Encoding.UTF8.GetBytes(text.AsString("string")), context.CancellationToken),
            context.CancellationToken);
        context.Terminal.ErrorLine(
            $"The key was exported for {recipient}. Keep the file and its passphrase apart, and both away from the pool's storage.");
    }

    private static async Task ImportAsync(CommandContext context)
    {
        var text = "";
        await context.Files.ReadAsync(context.Parameters.Get("file-name"), async (file, bytes) =>
        {
            if (bytes > MostBytes)
            {
                throw new UsageException("The file is larger than any export of a pool's key.");
            }

            using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
            text = await reader.ReadToEndAsync(context.CancellationToken);
        }, context.CancellationToken);
        var passphrase = NewPassword.Read(context, "passphrase", "Passphrase: ", isNew: false);
        var keys = Maps(await context.CallAsync("pool.import_key", await PoolAsync(context), text, passphrase));
        foreach (var key in keys)
        {
            context.Terminal.PrintLine(
                $"Key {key["id"]} of pool {key["pool-name"]} ({key["pool"]}): {(key["new"] == "true" ? "imported" : "was here already")}.");
        }

        if (keys.Count > 0 && keys[0]["opened"] is not "0" and var opened)
        {
            context.Terminal.PrintLine($"Objects here whose secrets were opened: {opened}.");
        }
    }

    private static async Task ListAsync(CommandContext context)
    {
        var keys = Maps(await context.CallAsync("pool.get_keys", await PoolAsync(context)));
        if (context.Parameters.Flag("json"))
        {
            context.Terminal.PrintLine(JsonSerializer.Serialize(keys, Indented));
            return;
        }

        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, keys.Select(k => k["id"]));
            return;
        }

        TextTable.Write(context.Terminal.Output, [
            ["key", "use", "pool", "since", "exported to"],
            .. keys.Select(k => new[] { k["id"], k["use"], $"{k["pool-name"]} ({k["pool"]})", k["since"], k["exported-to"] })]);
    }

    private static async Task RotateAsync(CommandContext context)
    {
        var id = (await context.CallAsync("pool.rotate_key", await PoolAsync(context))).AsString("string");
        context.Terminal.PrintLine(id);
        context.Terminal.ErrorLine(
            "Exports that were made before open nothing that is written from now on: make new ones (pool-key-export).");
    }

    private static List<IReadOnlyDictionary<string, string>> Maps(WireValue value) =>
    [
        .. value.AsArray("keys").Select(
            k => k.AsStruct("key").ToDictionary(p => p.Key, p => p.Value.AsString("string"), StringComparer.Ordinal)),
    ];

    private static async Task<string> PoolAsync(CommandContext context) =>
        (await context.CallAsync("pool.get_all")).AsArray("pools")[0].AsString("ref pool");
}
