using System.Text;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>
/// The parts of docs/formats/api-differences.md that follow from the code: the messages that are unknown here, and the fields that nothing
/// goes by. <c>script/api-differences</c> has this write them anew.
/// </summary>
public sealed class ApiDifferencesTests(TestPool pool) : IClassFixture<TestPool>
{
    private const string Write = "REDOUBT_WRITE_DOCS";

    // A class with a star stands for what is left of it.
    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["Bond.*"] = "the host's network is set up by its own means",
        ["VLAN.*"] = "the host's network is set up by its own means",
        ["tunnel.*"] = "the host's network is set up by its own means",
        ["network_sriov.*"] = "the host's network is set up by its own means",
        ["PIF.*"] = "the host's network is set up by its own means",
        ["SDN_controller.*"] = "the host's network is set up by its own means",
        ["Cluster.*"] = "the hosts of a pool agree through etcd, which their daemons run",
        ["Cluster_host.*"] = "the hosts of a pool agree through etcd, which their daemons run",
        ["GPU_group.*"] = "no devices of the host are handed to guests",
        ["PGPU.*"] = "no devices of the host are handed to guests",
        ["VGPU.*"] = "no devices of the host are handed to guests",
        ["PUSB.*"] = "no devices of the host are handed to guests",
        ["USB_group.*"] = "no devices of the host are handed to guests",
        ["VUSB.*"] = "no devices of the host are handed to guests",
        ["VTPM.*"] = "no devices of the host are handed to guests",
        ["LVHD.*"] = "there is no such storage driver",
        ["PVS_cache_storage.*"] = "there is no provisioning service",
        ["PVS_proxy.*"] = "there is no provisioning service",
        ["PVS_server.*"] = "there is no provisioning service",
        ["PVS_site.*"] = "there is no provisioning service",
        ["Observer.*"] = "the daemon is not traced by these means",
        ["Repository.*"] = "the host is updated by its own means",
        ["host_patch.*"] = "the host is updated by its own means",
        ["pool_patch.*"] = "the host is updated by its own means",
        ["pool_update.*"] = "the host is updated by its own means",
        ["VMPP.*"] = "xapi itself removed it",
        ["VM.*"] = "VMs go to other pools by plans; triggers, shadow memory, BIOS strings and shares of processors are Xen's",
        ["VDI.*"] = "a disk stays on its SR, also while its VM moves to another host, and disks are found by scans",
        ["VIF.*"] = "addresses are the guest's, and what it sends is not filtered",
        ["SR.*"] = "SRs have no data sources and no blobs, and no files of high availability",
        ["host.*"] = "each host's system and network are looked after by its own means; licences and certificates by call are not there",
        ["pool.*"] = "no host joins by force; no high availability, workload balancing, licences, certificates and updates by call",
        ["network.*"] = "addresses on networks are not acted on, blobs are not there",
        ["auth.*"] = "the directory is asked at logins",
        ["blob.*"] = "blobs are not there",
        ["console.*"] = "consoles come and go with their guests",
        ["crashdump.*"] = "no crash dumps are kept",
        ["host_crashdump.*"] = "no crash dumps are kept",
        ["session.*"] = "between hosts, or for a process on the host itself",
        ["user.*"] = "users are subjects",
    };

    [Fact]
    public async Task The_document_says_what_the_code_does()
    {
        var file = Path.Combine(Repository.Root, "docs", "formats", "api-differences.md");
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var answered = (await pool.ResultAsync("system.listMethods")).EnumerateArray().Select(m => m.GetString()!).ToHashSet();
        var now = Replace(Replace(text, "unknown messages", Unknown(answered)), "fields without effect", Fields());
        if (Environment.GetEnvironmentVariable(Write) is "1")
        {
            await File.WriteAllTextAsync(file, now, TestContext.Current.CancellationToken);
        }

        Assert.True(
            now == text || Environment.GetEnvironmentVariable(Write) is "1",
            "docs/formats/api-differences.md is not current: run script/api-differences.");
    }

    private static string Unknown(HashSet<string> answered)
    {
        var lines = new StringBuilder("| class | messages | why |\n|---|---|---|\n");
        foreach (var model in DataModel.Classes.Values.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            var unknown = model.Messages.Keys.Where(m => !answered.Contains($"{model.Name}.{m}")).Order(StringComparer.Ordinal).ToList();
            if (unknown.Count > 0)
            {
                Assert.True(Reasons.TryGetValue(model.Name + ".*", out var why), $"Nothing says why {model.Name}.{unknown[0]} is unknown.");
                lines.Append($"| `{model.Name}` | {string.Join(", ", unknown.Select(m => $"`{m}`"))} | {why} |\n");
            }
        }

        return lines.ToString();
    }

    private static string Fields() => "| field | taken all the same | why nothing goes by it |\n|---|---|---|\n"
        + string.Concat(
            FieldEffects.All.Select(
                e => $"| `{e.Field}` | {string.Join(", ", e.AsksNothing.Select(a => a.Length == 0 ? "empty" : $"`{a}`"))} | {e.Why} |\n"));

    private static string Replace(string text, string part, string content)
    {
        var (begin, end) = ($"<!-- {part}: written by script/api-differences -->\n", $"<!-- end of {part} -->\n");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"The document has no place for the {part}.");
        return text[..from] + content + text[to..];
    }
}
