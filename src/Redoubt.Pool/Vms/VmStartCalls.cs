using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Starts VMs.
/// <code>
/// 1 noted in current_operations   the state allows it, nothing blocks it
/// 2 a host chosen                 that can take it; the disks attached there, and let go again whatever fails
/// 3 devices marked attached       in one transaction with the host, and the check that no other VM has the disks
/// 4 the hypervisor starts it      on what its firmware and TPM keep, laid out; if it does not, 3 is taken back
/// 5 state, metrics, consoles      written from what the hypervisor then says
/// 6 start_delay
/// </code>
/// A daemon that dies after 3 finds the VM either running, with its devices noted, or halted, and then lets the devices go.
/// </summary>
internal sealed partial class VmStartCalls(PoolServices pool, Guests guests, RecoveredElsewhere elsewhere, KnownSites sites)
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(5);

    private readonly VmDisks _disks = new(pool);

    [Message("VM.start")]
    public Task StartAsync(CallContext call, Ref<VmRecord> vm, bool startPaused, bool force) =>
        StartAsync(call, vm, startPaused, VmOperations.Start, on: null);

    [Message("VM.start_on")]
    public Task StartOnAsync(CallContext call, Ref<VmRecord> vm, Ref<HostRecord> host, bool startPaused, bool force)
    {
        pool.State.Get(host);
        return StartAsync(call, vm, startPaused, VmOperations.StartOn, host);
    }

    [Message("VM.take_back")]
    public async Task TakeBackAsync(CallContext call, Ref<VmRecord> self, string statement)
    {
        if (string.IsNullOrWhiteSpace(statement))
        {
            throw new XenApiException("INVALID_VALUE", "statement", statement);
        }

        var vm = pool.State.Get(self);
        if (HandOverMark.Without(vm.BlockedOperations).Count < vm.BlockedOperations.Count)
        {
            // Whoever says that the other copy is off says so of the hand-over as well.
            await pool.Database.WriteAsync(
                tx => VmRows.Update(tx, self, v => v with { BlockedOperations = HandOverMark.Without(v.BlockedOperations) }),
                call.Cancellation);
        }

        // On storage that both see, and at the sites themselves where they share none.
        var onStorage = await elsewhere.NewestAsync(vm.Uuid, call.Cancellation);
        var atSite = await sites.NewestAsync(vm.Uuid, call.Cancellation);
        var (poolName, poolUuid, version) = onStorage is { } seen && seen.Version >= (atSite?.Vm!.Version ?? 0)
            ? (seen.Summary.PoolName, seen.Summary.PoolUuid, seen.Version)
            : (atSite?.PoolName, atSite?.PoolUuid, atSite?.Vm!.Version ?? 0);
        if (version <= vm.Version)
        {
            return; // Nobody has it; also when this is repeated.
        }

        await pool.Database.WriteAsync(
            tx => tx.Update(self, v => v with { Version = Math.Max(v.Version, RecoveredVersion.After(version)) }), call.Cancellation);
        await pool.PostAsync(new Announcement.TakenBack(
            vm.Uuid,
            $"{call.Session.Owner.UserName} took {vm.NameLabel} back from the pool {poolName} ({poolUuid}), whose copy has version "
            + $"{version}, and stated: {statement}"));
    }

    [Message("VM.assert_agile")]
    public async Task AssertAgileAsync(CallContext call, Ref<VmRecord> self)
    {
        var vm = call.State.Get(self);
        Agility.Require(call.State, vm, await pool.Hosts.LookAsync(pool.Time, call.Cancellation));
    }

    [Message("VM.state_site_dead")]
    public void StateSiteDead(CallContext call, Ref<VmRecord> self, string site, string statement) =>
        sites.StateDead(self, site, statement, call.Session.UserName);

    [Message("VM.assert_can_boot_here")]
    public async Task AssertCanBootHereAsync(CallContext call, Ref<VmRecord> self, Ref<HostRecord> host)
    {
        pool.State.Get(host);
        await sites.RequireNotAsync(self, isStart: false, call.Cancellation);
        (await PlaceAsync(self, call.Cancellation)).Require(host);
        await RequireBootableAsync(call, self, host);
    }

    // All but what is asked of other sites, and of the hosts for a placement.
    private async Task RequireBootableAsync(CallContext call, Ref<VmRecord> self, Ref<HostRecord> host)
    {
        var at = pool.Hosts.At(host, pool.State.Get(self));
        var attached = await _disks.AttachAsync(at, self, call.Cancellation);
        await GuestDisks.LetGoAsync(attached.Values);
        VmDisks.RequireFree(pool.State, self);
        VirtualTpms.RequireOpen(pool.State, pool.State.Get(self));
        if (at.Origin is null)
        {
            await HostPlaces.FindAsync(at, self, pool.State.Get(self), DomainPlan.KernelOf(pool.State.Get(self)), call.Cancellation);
        }

        Plan(pool.State, at, self, attached, [], paused: false);
    }

    [Message("VM.get_possible_hosts")]
    public async Task<ImmutableList<Ref<HostRecord>>> GetPossibleHostsAsync(CallContext call, Ref<VmRecord> vm)
    {
        pool.State.Get(vm);
        try
        {
            await sites.RequireNotAsync(vm, isStart: false, call.Cancellation);
        }
        catch (XenApiException)
        {
            return []; // "It can't boot anywhere" is the answer; VM.assert_can_boot_here says why.
        }

        var possible = ImmutableList.CreateBuilder<Ref<HostRecord>>();
        foreach (var host in (await PlaceAsync(vm, call.Cancellation)).Possible)
        {
            try
            {
                await RequireBootableAsync(call, vm, host);
                possible.Add(host);
            }
            catch (XenApiException)
            {
                // Not there: as above.
            }
        }

        return possible.ToImmutable();
    }

    private async Task StartAsync(CallContext call, Ref<VmRecord> vm, bool paused, VmOperations operation, Ref<HostRecord>? on)
    {
        await using (await Operations.BeginAsync(
            pool.Database, call, vm, operation, v => VmChecks.Require(vm, v, operation, VmPowerState.Halted)))
        {
            var (at, plan) = await PrepareAsync(call, vm, paused, on);
            await RunAsync(vm, at, plan);
            await TellAsync(plan);
        }

        await WaitAsync(call, vm);
    }

    /// <summary>Steps 2 and 3, of a start as of a resume.</summary>
    /// <param name="call">The call.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="paused">Whether it is to be left paused.</param>
    /// <param name="on">The host that it is to run on; null: the best.</param>
    /// <exception cref="XenApiException">It can't be started, or not there.</exception>
    public async Task<(HostLink At, DomainPlan Plan)> PrepareAsync(CallContext call, Ref<VmRecord> vm, bool paused, Ref<HostRecord>? on)
    {
        await sites.RequireNotAsync(vm, isStart: true, call.Cancellation);
        var placement = await PlaceAsync(vm, call.Cancellation);
        if (on is { } wanted)
        {
            placement.Require(wanted);
        }

        var at = pool.Hosts.At(on ?? placement.Best(), pool.State.Get(vm));
        var attached = await _disks.AttachAsync(at, vm, call.Cancellation);
        try
        {
            var plan = await PlanAsync(call, at, vm, attached, paused);
            await at.Disks.KeepAsync(plan.Config.Uuid, attached.Values);
            return (at, plan);
        }
        catch
        {
            await GuestDisks.LetGoAsync(attached.Values);
            throw;
        }
    }

    private async Task<DomainPlan> PlanAsync(
        CallContext call, HostLink at, Ref<VmRecord> vm, Dictionary<Ref<VdiRecord>, Storage.VdiAttachment> attached, bool paused)
    {
        var asked = DomainPlan.KernelOf(pool.State.Get(vm));
        var kernel = at.Origin is null
            ? await HostPlaces.FindAsync(at, vm, pool.State.Get(vm), asked, call.Cancellation)
            : asked;
        var isolated = await GuestNetworks.MakeBridgesAsync(
            at, pool.State.Get(vm).Vifs.Select(pool.State.Get).Select(v => pool.State.Find(v.Network)).OfType<NetworkRecord>());
        return await pool.Database.WriteAsync(
            tx =>
            {
                VmDisks.RequireFree(tx.State, vm);
                if (at.Origin is null)
                {
                    VirtualTpms.Provide(tx, vm);
                }

                RequireTpm(at, tx.Get(vm));
                var made = Plan(tx.State, at, vm, attached, isolated, paused);
                if (made.Config.Kernel != asked)
                {
                    throw new XenApiException(
                        "OPERATION_NOT_ALLOWED",
                        $"What the VM {made.Config.Name} boots from was changed while it was being started. Start it again.");
                }

                made = made with { Config = made.Config with { Kernel = kernel } };
                Attach(tx, made);
                tx.Update(vm, v => v with { ScheduledToBeResidentOn = at.Host });
                return made;
            },
            call.Cancellation);
    }

    /// <summary>Tells people what the guest has to do without.</summary>
    public async Task TellAsync(DomainPlan plan)
    {
        foreach (var announcement in plan.Lacks)
        {
            await pool.PostAsync(announcement);
        }
    }

    /// <summary>Step 6. Not held against others: a VM that is being waited for can be shut down again.</summary>
    public async Task WaitAsync(CallContext call, Ref<VmRecord> vm)
    {
        if (pool.State.Find(vm) is { } started)
        {
            await Pauses.WaitAsync(started.StartDelay, pool.Time, call.Cancellation);
        }
    }

    private async Task RunAsync(Ref<VmRecord> vm, HostLink at, DomainPlan plan)
    {
        DomainState? domain;
        try
        {
            var consoleStart = await at.Acts.MeasureConsoleLogAsync(plan.Config.Uuid, CancellationToken.None);

            // Not with the caller's token: what the hypervisor has begun it ends, and then it must be written down.
            if (at.Origin is null)
            {
                await guests.LayFirmwareAsync(at, vm);
                await at.Hypervisor.StartAsync(plan.Config, CancellationToken.None);
            }
            else
            {
                await at.Defined.StartDefinedAsync(plan.Config.Uuid, plan.Config.StartPaused, CancellationToken.None);
            }

            await guests.RefreshAsync(
                at, plan.Config.Uuid, isGivenUp: false, (tx, reference, state) => Started(tx, reference, state, plan, consoleStart),
                CancellationToken.None);
            domain = await guests.RefreshAsync(at, plan.Config.Uuid, isGivenUp: false, null, CancellationToken.None);
        }
        catch (Exception e)
        {
            await Undoing.TryAsync(
                pool, Cls.Vm, $"{plan.Config.Uuid:D}",
                "The VM was not started as it should be; whether there is a guest is found out as soon as the hypervisor answers.",
                async () =>
                {
                    await ReleaseAsync(at, plan.Config.Uuid);
                    await FindElsewhereAsync(at, plan.Config.Uuid);
                });
            if (e is HypervisorException refused)
            {
                throw GuestFailure.Explain(refused, vm, at.Host, plan);
            }

            throw;
        }

        if (domain is null)
        {
            await ReleaseAsync(at, plan.Config.Uuid);
            throw new XenApiException(
                "INTERNAL_ERROR", "The guest ended as soon as it was started. Its console log (console-log) may say why.");
        }
    }

    // A host that came back while this was tried may have the guest, and what it said of it did not count as long as the VM was about to be
    // here. Of one that does not answer now that is seen when it is found anew.
    private async Task FindElsewhereAsync(HostLink at, Guid uuid)
    {
        foreach (var other in pool.Hosts.All.Where(h => h != at))
        {
            try
            {
                if (other.Current is { } hypervisor
                    && await hypervisor.FindAsync(uuid, CancellationToken.None).WaitAsync(LookLimit, pool.Time) is not null)
                {
                    await guests.RefreshAsync(other, uuid, isGivenUp: false, null, CancellationToken.None);
                }
            }
            catch (Exception silent) when (silent is HypervisorException or TimeoutException)
            {
                pool.Loggers.CreateLogger<VmStartCalls>().LogInformation(
                    "Whether {Host} has the guest {Uuid} was not seen: {Message}", pool.State.Find(other.Host)?.NameLabel, uuid,
                    silent.Message);
            }
        }
    }

    /// <summary>
    /// Takes step 3 back. Only if there is no guest: one that was there before, or came up in spite of all, keeps its disks.
    /// </summary>
    public async Task ReleaseAsync(HostLink at, Guid uuid) => await guests.RefreshAsync(
        at,
        uuid,
        isGivenUp: true,
        (tx, vm, domain) =>
        {
            if (domain is null)
            {
                GuestStates.Release(tx, vm);
            }
        },
        CancellationToken.None);

    /// <summary>Step 5.</summary>
    public void Started(Transaction tx, Ref<VmRecord> reference, DomainState? domain, DomainPlan plan, long consoleStart)
    {
        if (domain is null)
        {
            return;
        }

        var now = pool.Time.GetUtcNow();
        var vm = tx.Get(reference);
        var metrics = tx.Find(vm.Metrics) is null ? tx.Create(new VmMetricsRecord()) : vm.Metrics;
        tx.Update(metrics, m => m with
        {
            StartTime = now,
            LastUpdated = now,
            VcpusNumber = plan.Config.Vcpus,
            MemoryActual = domain.MemoryBytes,
            Hvm = plan.Config.Kernel is null,
        });
        // Whoever starts a recovered VM has decided that it is to run here.
        tx.Update(reference, RecoveryHold.Release);
        tx.Update(reference, v => v with
        {
            Metrics = metrics,
            MemoryTarget = plan.Config.MemoryTargetBytes ?? plan.Config.MemoryMaxBytes,
            OtherConfig = v.OtherConfig.SetItem(ConsoleLog.StartKey, consoleStart.ToString(CultureInfo.InvariantCulture)),
        });
        if (!AdoptedVm.Is(vm))
        {
            ConsoleRows.Make(tx, reference, plan.Config, pool.Url);
        }
    }

    private static void Attach(Transaction tx, DomainPlan plan)
    {
        foreach (var vbd in plan.Vbds)
        {
            DeviceRows.Update(tx, vbd, b => b with { CurrentlyAttached = true });
        }

        foreach (var vif in plan.Vifs)
        {
            DeviceRows.Update(tx, vif, v => v with { CurrentlyAttached = true });
        }
    }

    private async Task<Placement> PlaceAsync(Ref<VmRecord> vm, CancellationToken cancellationToken)
    {
        var hosts = await pool.Hosts.LookAsync(pool.Time, cancellationToken);
        return Placement.Of(pool.State, vm, hosts);
    }

    private static DomainPlan Plan(
        DatabaseState state, HostLink at, Ref<VmRecord> vm, Dictionary<Ref<VdiRecord>, Storage.VdiAttachment> attached,
        HashSet<string> isolated, bool paused) => DomainPlan.For(
        state, vm, attached.ToDictionary(d => d.Key, d => d.Value.Source), at.PathsOf(VmRows.Uuid(state.Get(vm))), at.Hypervisor.HasBridge,
        isolated.Contains, paused);

    // A guest that is started without what its keys are sealed in asks its people for them, or ruins what it had.
    private static void RequireTpm(HostLink at, VmRecord vm)
    {
        if (vm.Vtpms.Count > 0 && at.Origin is null && !at.Acts.KeepsTpms)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The VM {vm.NameLabel} has a virtual TPM, which only the daemon's own hypervisor gives a guest, and not "
                + $"{at.Hypervisor.Facts.Uri}. "
                + "Run the daemon without --hypervisor, or take the TPM from the VM (vtpm-destroy), if its guest starts without.");
        }
    }
}
