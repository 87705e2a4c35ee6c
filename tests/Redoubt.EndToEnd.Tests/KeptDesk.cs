using System.Collections.Immutable;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// What the recovery desk of a pool of several hosts keeps: a user with a password, a plan, its schedule, and a run that is under way, in a
/// hook that ends when it is told to.
/// </summary>
internal sealed class KeptDesk
{
    private const string UserPassword = "a password of hers";

    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary<string, string>.Empty;

    private readonly string _root;
    private string _sr = "";
    private string _run = "";

    private KeptDesk(string root) => _root = root;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Mirror => Path.Combine(_root, "mirror");

    private string Began => Path.Combine(_root, "hook-began");

    private string Go => Path.Combine(_root, "hook-go");

    private RecoveryRequest Request => new()
    {
        Policy = new()
        {
            Kind = RecoveryKind.Failover,
            IsSourceDead = true,
            PowerState = PowerStateAfter.Halted,
            Hooks = [new("wait", HookMoment.BeforeRun)],
        },
        SrUuids = [_sr],
    };

    /// <summary>Leaves the mirror of a pool that had a VM: that of a host which is no pool by itself when it joins another.</summary>
    public static async Task<KeptDesk> MakeLostPoolAsync(string root, ServeRun host, string password)
    {
        var made = new KeptDesk(root);
        var location = Directory.CreateDirectory(Path.Combine(root, "lost")).FullName;
        Directory.CreateDirectory(made.Mirror);
        await using var api = await PoolDirectory.LogInAsync(host, password);
        var here = (await api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
        var sr = await api.CallAsync<Ref<SrRecord>>(
            "SR.create", [here, None.Add("location", location), 0L, "replicated", "", "file", "", true, None], Stop);
        made._sr = await api.CallAsync<string>("SR.get_uuid", [sr], Stop);
        var vm = await api.CallAsync<Ref<VmRecord>>("VM.create", [SeveralHostsTests.NewVm("web")], Stop);
        await api.CallAsync("SR.enable_database_replication", [sr], Stop);
        await Replica.MirrorAsync(location, made.Mirror);
        await api.CallAsync("VM.destroy", [vm], Stop);
        await api.CallAsync("SR.disable_database_replication", [sr], Stop);
        foreach (var pbd in await api.CallAsync<ImmutableSortedSet<Ref<PbdRecord>>>("SR.get_PBDs", [sr], Stop))
        {
            await api.CallAsync("PBD.unplug", [pbd], Stop);
        }

        await api.CallAsync("SR.forget", [sr], Stop);
        return made;
    }

    /// <summary>Has the desk keep something of each kind; all of it is acknowledged when this returns.</summary>
    public async Task FillAsync(XenApiClient api)
    {
        foreach (var host in (string[])["h0", "h1", "h2"])
        {
            var hooks = Directory.CreateDirectory(Path.Combine(_root, host, "hooks")).FullName;
            var hook = Path.Combine(hooks, "wait");
            await File.WriteAllTextAsync(hook, $"#!/bin/sh\ntouch {Began}\nuntil [ -e {Go} ]; do sleep 0.1; done\n", Stop);
            File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var subject = await api.CallAsync<Ref<SubjectRecord>>(
            "subject.create", [new SubjectRecord { SubjectIdentifier = "ann", OtherConfig = None.Add("subject-name", "ann") }], Stop);
        var role = await api.CallAsync<ImmutableList<Ref<RoleRecord>>>("role.get_by_name_label", ["read-only"], Stop);
        await api.CallAsync("subject.add_to_roles", [subject, role[0]], Stop);
        await api.CallAsync("subject.set_password", [subject, UserPassword], Stop);
        await api.CallAsync("recovery.save_plan", ["shop", Request.ToJson()], Stop);
        await api.CallAsync("recovery.add_schedule", ["nightly", "shop", "0 3 * * *"], Stop);
        await api.CallAsync("DR_task.create", ["file", None.Add("location", Mirror), ImmutableSortedSet.Create(_sr)], Stop);
        var planned = RecoveryJson.Read<PlannedRecovery>(await api.CallAsync<string>("recovery.plan", [Request.ToJson()], Stop));
        _run = await api.CallAsync<string>("recovery.start", [Request.ToJson(), planned.Digest], Stop);
        await Patience.UntilAsync(() => File.Exists(Began), "the run's hook has begun");
    }

    /// <summary>Requires that a host which has taken over has all of it, and goes on with it.</summary>
    public async Task RequireAllAsync(XenApiClient api, ServeRun at)
    {
        await using (var hers = new XenApiClient(at.Url!, _ => true))
        {
            await hers.LoginAsync("ann", UserPassword, Stop);
        }

        var plans = RecoveryJson.Read<PlanCatalog>(await api.CallAsync<string>("recovery.get_plans", [false], Stop));
        Assert.Contains(plans.Plans, p => p.Name == "shop");
        var schedule = Assert.Single(RecoveryJson.Read<List<Schedule>>(await api.CallAsync<string>("recovery.get_schedules", [], Stop)));
        Assert.Equal(("nightly", "shop", "root"), (schedule.Name, schedule.Plan, schedule.CreatedBy));
        var run = await RunAsync(api);
        Assert.Equal((RunPhase.Interrupted, "root"), (run.Phase, run.StartedBy));
        await File.WriteAllTextAsync(Go, "", Stop);
        await api.CallAsync("recovery.resume", [_run], Stop);
        await Patience.UntilAsync(async () => (await RunAsync(api)).Phase == RunPhase.Succeeded, "the run has come to its end here");
        var vms = await api.GetAllRecordsAsync<VmRecord>(Stop);
        Assert.Single(vms.Values, v => v.NameLabel == "web");
    }

    /// <summary>Waits until a host that follows has every event of the run in its own journal of runs.</summary>
    public async Task UntilHereAsync(XenApiClient api, string dataDirectory)
    {
        var run = await RunAsync(api);
        await Patience.UntilAsync(
            async () =>
            {
                var copy = Directory.CreateTempSubdirectory("rd-runs-").FullName;
                try
                {
                    foreach (var file in new[] { "runs.db", "runs.db-wal" }.Where(f => File.Exists(Path.Combine(dataDirectory, f))))
                    {
                        File.Copy(Path.Combine(dataDirectory, file), Path.Combine(copy, file));
                    }

                    await using var engine = await RunEngine.OpenAsync(
                        new() { JournalPath = Path.Combine(copy, "runs.db"), Connect = (_, _, _) => throw new NotSupportedException() },
                        TimeProvider.System, Stop);
                    return engine.Find(_run) is { } here && here.Revision == run.Revision;
                }
                finally
                {
                    Directory.Delete(copy, recursive: true);
                }
            },
            $"{dataDirectory} has the whole run");
    }

    private async Task<RunRecord> RunAsync(XenApiClient api) =>
        RunRecord.FromJson(await api.CallAsync<string>("recovery.get_run", [_run], Stop));
}
