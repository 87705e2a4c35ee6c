using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Redoubt.Compute.Libvirt;
using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>
/// Has QEMU copy disks of a guest as they all are at one moment, while the guest goes on: what the guest writes over is copied first.
/// <code>
/// 1 each copy's image handed over open     QEMU may open none by its name; see GuestAccount
/// 2 one job a disk begun in a transaction  the moment: all of them or none
/// 3 the jobs run                           one that fails takes the others with it
/// 4 jobs and images let go
/// </code>
/// libvirt knows nothing of these jobs, so that it leaves them alone, and what is left of them is found by their names.
/// </summary>
/// <param name="ask">Asks QEMU something: a command of QMP, its arguments, and a file that goes with it.</param>
internal sealed class DiskCopying(Func<string, JsonObject, SafeFileHandle?, JsonNode?> ask)
{
    private const string Prefix = "redoubt-copy-";
    private const string Ended = "concluded";
    private const string Paused = "paused";

    // The error of a job that another's failure has ended: it tells nothing.
    private const string TakenAlong = "Operation canceled";

    /// <summary>Steps 1 and 2.</summary>
    /// <exception cref="LibvirtException">QEMU refuses; what was done is to be let go by <see cref="TryEnd"/>.</exception>
    internal void Begin(IReadOnlyList<DiskCopy> copies)
    {
        var nodes = Nodes();
        var jobs = new JsonArray();
        foreach (var copy in copies)
        {
            var disk = nodes.GetValueOrDefault(copy.Device) ?? throw new LibvirtException(
                LibvirtError.OperationFailed, $"the guest has no disk {copy.Device}");
            var name = $"{Prefix}{copy.Device}";
            using var file = File.OpenHandle(copy.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            LentFile.Use(ask, file, lent => ask("blockdev-add", Target(name, lent, copy), null));
            jobs.Add(new JsonObject
            {
                ["type"] = "blockdev-backup",
                ["data"] = new JsonObject
                {
                    ["job-id"] = name,
                    ["device"] = disk,
                    ["target"] = name,
                    ["sync"] = "full",
                    ["auto-dismiss"] = false,
                },
            });
        }

        ask(
            "transaction", new JsonObject { ["actions"] = jobs, ["properties"] = new JsonObject { ["completion-mode"] = "grouped" } },
            null);
    }

    /// <summary>
    /// The same of a guest that stands still since its memory was written; the jobs are told to wait before they read more
    /// (<see cref="IsHeld"/>).
    /// </summary>
    /// <inheritdoc cref="Begin"/>
    internal void BeginHeld(IReadOnlyList<DiskCopy> copies)
    {
        // QEMU lets go of its disks at the end of that. Since 10.0 it begins no job on one that it has let go, and can be told to take
        // them.
        var nodes = ask("query-named-block-nodes", new JsonObject { ["flat"] = true }, null)!.AsArray();
        if (nodes.Any(n => (bool?)n!["active"] == false))
            ask("blockdev-set-active", new JsonObject { ["active"] = true }, null);
        Begin(copies);
        foreach (var job in Jobs().Where(j => !IsWaiting(j)))
        {
            try
            {
                ask("job-pause", Id(job), null);
            }
            catch (LibvirtException over) when (over.Error == LibvirtError.OperationFailed)
            {
                // A small disk's is done by now.
            }
        }
    }

    /// <summary>Whether none of them reads any more.</summary>
    internal bool IsHeld() => Jobs().TrueForAll(IsWaiting);

    /// <summary>Lets those run that were held.</summary>
    internal void LetRun()
    {
        foreach (var job in Jobs().Where(j => (string?)j["status"] == Paused))
            ask("job-resume", Id(job), null);
    }

    /// <summary>How far all of them are, from 0 to 1; 1 when they have ended well.</summary>
    /// <exception cref="LibvirtException">One failed.</exception>
    internal double Progress(int count)
    {
        var jobs = Jobs();
        var errors = jobs.Select(j => (string?)j["error"]).OfType<string>();
        if (errors.OrderBy(e => e == TakenAlong).FirstOrDefault() is { } error)
            throw new LibvirtException(LibvirtError.OperationFailed, error);
        if (jobs.Count < count)
            throw new LibvirtException(LibvirtError.OperationFailed, "somebody else has ended it");
        if (jobs.TrueForAll(j => (string?)j["status"] == Ended))
            return 1;

        // What is written over meanwhile counts once more, so that the whole may grow.
        var (done, whole) = (jobs.Sum(j => (double)j["current-progress"]!), jobs.Sum(j => (double)j["total-progress"]!));
        return whole > 0 ? Math.Min(0.99, done / whole) : 0;
    }

    /// <summary>Step 4, of whatever there is. Whether that was all: a job that is broken off takes a moment to end.</summary>
    internal bool TryEnd()
    {
        var isAll = true;
        foreach (var job in Jobs())
        {
            var id = Id(job);
            switch ((string?)job["status"])
            {
                case Ended:
                    ask("job-dismiss", id, null);
                    break;
                case "aborting":
                    isAll = false;
                    break;
                case var status:
                    Cancel(id, status);
                    isAll = false;
                    break;
            }
        }

        if (isAll)
        {
            var left = ask("query-named-block-nodes", new JsonObject { ["flat"] = true }, null)!.AsArray().Select(
                n => (string)n!["node-name"]!);
            foreach (var node in left.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToList())
                ask("blockdev-del", new JsonObject { ["node-name"] = node }, null);
        }

        return isAll;
    }

    // One that ends meanwhile takes no order any more, and is let go at the next look.
    private void Cancel(JsonObject id, string? status)
    {
        try
        {
            ask("job-cancel", id, null);
        }
        catch (LibvirtException late) when (late.Error == LibvirtError.OperationFailed
            && Jobs().Find(j => (string?)j["id"] == (string?)id["id"]) is var now && (string?)now?["status"] != status)
        {
            // It has ended.
        }
    }

    // libvirt names its devices by their slots.
    private Dictionary<int, string> Nodes() => ask("query-block", [], null)!.AsArray()
        .Select(b => (Slot: SlotOf((string?)b!["qdev"]), Node: (string?)b["inserted"]?["node-name"]))
        .Where(b => b.Slot is not null && b.Node is not null)
        .ToDictionary(b => b.Slot!.Value, b => b.Node!);

    private static int? SlotOf(string? device)
    {
        const string Disk = "/virtio-disk";
        var at = device?.IndexOf(Disk, StringComparison.Ordinal) ?? -1;
        return at >= 0 && int.TryParse(device![(at + Disk.Length)..].Split('/')[0], out var slot) ? slot : null;
    }

    private static JsonObject Target(string name, string lent, DiskCopy copy) => new()
    {
        ["driver"] = DiskFormatName.ForQemu(copy.Target.Format),
        ["node-name"] = name,
        ["discard"] = "unmap",
        ["file"] = new JsonObject { ["driver"] = copy.Driver, ["filename"] = lent, ["discard"] = "unmap" },
    };

    private static bool IsWaiting(JsonNode job) => (string?)job["status"] is Paused or "waiting" or "pending" or Ended;

    private static JsonObject Id(JsonNode job) => new() { ["id"] = (string?)job["id"] };

    private List<JsonNode> Jobs() =>
        [.. ask("query-jobs", [], null)!.AsArray().OfType<JsonNode>()
            .Where(j => ((string)j["id"]!).StartsWith(Prefix, StringComparison.Ordinal))];
}
