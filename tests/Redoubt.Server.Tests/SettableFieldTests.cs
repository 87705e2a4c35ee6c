using System.Text.RegularExpressions;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>
/// Every field that can be set and every parameter of a message either does something, and this says where, or is refused
/// (<see cref="FieldEffects"/>), or is written down as without effect. A new one fails until somebody has decided.
/// </summary>
public sealed partial class SettableFieldTests(TestPool pool) : IClassFixture<TestPool>
{
    // What people and other programs write for each other.
    private static readonly HashSet<string> Information =
        ["name_label", "name_description", "other_config", "tags", "fullname"];

    // The field, the source file that goes by it, and the word by which it does.
    private const string Heeded = """
        PBD.device_config SrConnections DeviceConfig
        VBD.userdevice DomainPlan Userdevice
        VBD.mode DomainPlan Mode
        VBD.type DomainPlan Type
        VBD.unpluggable VbdCalls Unpluggable
        VDI.sharable VmDisks Sharable
        VDI.read_only VmDisks ReadOnly
        VM.is_a_template VmChecks IsATemplate
        VM.affinity VmSettingCalls Affinity
        VM.memory_static_max DomainPlan MemoryStaticMax
        VM.memory_dynamic_max DomainPlan MemoryDynamicMax
        VM.memory_dynamic_min VmMemoryCalls MemoryDynamicMin
        VM.memory_static_min VmChecks MemoryStaticMin
        VM.VCPUs_max VmChecks VcpusMax
        VM.VCPUs_at_startup DomainPlan VcpusAtStartup
        VM.PV_bootloader DirectBoot PvBootloader
        VM.PV_kernel DomainPlan PvKernel
        VM.PV_ramdisk DomainPlan PvRamdisk
        VM.PV_args DomainPlan PvArgs
        VM.HVM_boot_policy DirectBoot HvmBootPolicy
        VM.HVM_boot_params DomainPlan HvmBootParams
        VM.platform DomainPlan Platform
        VM.actions_after_shutdown GuestActions ActionsAfterShutdown
        VM.actions_after_reboot GuestActions ActionsAfterReboot
        VM.blocked_operations VmChecks BlockedOperations
        VM.appliance VmApplianceCalls VMs
        VM.start_delay VmStartCalls StartDelay
        VM.shutdown_delay VmPowerCalls ShutdownDelay
        VM.order VmApplianceCalls Order
        VM.suspend_SR SuspendImages SuspendSr
        VM.domain_type VmSettingCalls HvmBootPolicy
        VM.NVRAM FirmwareFiles FirmwareVariables
        VM.snapshot_schedule ScheduledSnapshots SnapshotSchedule
        VMSS.enabled SnapshotDue Enabled
        VMSS.type ScheduledSnapshots Type
        VMSS.retained_snapshots SnapshotMark RetainedSnapshots
        VMSS.frequency SnapshotTimes Frequency
        VMSS.schedule SnapshotTimes Schedule
        host.suspend_image_sr SuspendImages SuspendImageSr
        network.MTU DomainPlan Mtu
        network.purpose NbdDoor Purpose
        pool.default_SR SuspendImages DefaultSr
        pool.suspend_image_SR SuspendImages SuspendImageSr
        secret.value VirtualTpms Value
        subject.roles SessionOwner Role
        task.status TaskCalls Status
        task.progress TaskCalls Progress
        task.result TaskCalls Result
        task.error_info TaskCalls ErrorInfo
        """;

    // What is kept because other pools and programs go by it, with the reason.
    private const string KeptForOthers = """
        SR.shared says of the storage what its administrator knows, for people, plans and other pools
        SR.sm_config is the storage driver's notebook
        VDI.sm_config is the storage driver's notebook
        VM.is_default_template says how a template came to be
        VM.recommendations is text for those who change the VM
        VM.user_version is a number for those who made the VM
        VMSS.last_run_time says when, for people: what is due is written down elsewhere
        pool.gui_config is a client's notebook
        """;

    [Fact]
    public async Task Every_field_that_can_be_set_has_an_effect_or_is_refused()
    {
        var answered = (await pool.ResultAsync("system.listMethods")).EnumerateArray().Select(m => m.GetString()!).ToHashSet();
        var refused = FieldEffects.All.Select(e => e.Field.Split(':')[0]).ToHashSet();
        var heeded = Heeded.Split('\n').Select(l => l.Split(' ')).ToDictionary(w => w[0]);
        var kept = KeptForOthers.Split('\n').ToDictionary(l => l.Split(' ')[0]);
        var settable = DataModel.Classes.Values.SelectMany(c => c.Fields.Select(f => (Class: c.Name, Field: f.Name)))
            .Where(f => new[] { "set_", "add_to_", "add_" }.Any(verb => answered.Contains($"{f.Class}.{verb}{f.Field}")))
            .Select(f => $"{f.Class}.{f.Field}").ToHashSet();
        Assert.All(settable.Where(f => !Information.Contains(f.Split('.')[1])), field =>
            Assert.True(
                heeded.ContainsKey(field) || refused.Contains(field) || kept.ContainsKey(field),
                $"Nobody has decided what comes of setting {field}."));

        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .ToLookup(f => Path.GetFileNameWithoutExtension(f), File.ReadAllText);
        Assert.All(heeded.Values, words =>
        {
            Assert.True(settable.Contains(words[0]), $"{words[0]} can't be set.");
            Assert.True(sources[words[1]].Any(text => Regex.IsMatch(text, $@"\b{words[2]}\b")), $"{words[1]} does not go by {words[0]}.");
        });
        Assert.All(kept.Keys, field => Assert.Contains(field, settable));
    }

    /// <summary>What a message takes and its behaviour never looks at stands in the document, and nothing else does.</summary>
    [Fact]
    public async Task Every_parameter_has_an_effect_or_is_written_down()
    {
        var document = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs", "formats", "api-differences.md"), TestContext.Current.CancellationToken);
        var table = document[document.IndexOf("## Parameters that nothing goes by", StringComparison.Ordinal)..];
        var written = Row().Matches(table[..table.IndexOf("\n## ", 3, StringComparison.Ordinal)])
            .Select(m => $"{m.Groups["message"].Value} {m.Groups["parameter"].Value}").ToHashSet();
        var unused = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*Calls.cs", SearchOption.AllDirectories)
            .SelectMany(f => Unused(File.ReadAllText(f))).ToHashSet();
        Assert.True(unused.Count > 3, "Nothing was found: have the sources another form?");
        Assert.Equal(written.Order(StringComparer.Ordinal), unused.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Unused(string source)
    {
        foreach (var part in Messages().Split(source).Skip(1).Where(p => p.Length > 0))
        {
            var head = Head().Match(part);
            Assert.True(head.Success, part[..Math.Min(part.Length, 80)]);
            var body = part[head.Length..];
            foreach (Match parameter in Parameter().Matches(head.Groups["parameters"].Value))
            {
                var name = parameter.Groups["name"].Value;
                if (name != "call" && !Regex.IsMatch(body, $@"(?<![\w@]){Regex.Escape(name)}\b"))
                {
                    yield return $"{head.Groups["name"].Value} {name}";
                }
            }
        }
    }

    [GeneratedRegex(@"^\| `(?<message>[\w.]+)` \| `(?<parameter>\w+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();

    [GeneratedRegex(@"(?=\[Message\("")")]
    private static partial Regex Messages();

    [GeneratedRegex(
        @"^\[Message\(""(?<name>[\w.]+)""\)\][^(]*\((?<parameters>([^()]|\([^()]*\))*)\)",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Head();

    [GeneratedRegex(@"(?<name>@?\w+)\s*(,(?![^<]*>)|$)", RegexOptions.ExplicitCapture)]
    private static partial Regex Parameter();
}
