using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Saved plans: keys <c>dr-plan:NAME</c> of the pool's <c>other_config</c>, so that they are replicated with everything else and a site
/// that finds the storage finds the plans. docs/formats/recovery.md has the format.
/// </summary>
internal sealed class SavedPlans(PoolServices pool)
{
    /// <summary>This pool's own plan of this name, or null.</summary>
    /// <exception cref="FormatException">It is there and can't be read.</exception>
    public SavedPlan? Find(string name) =>
        pool.State.Get(pool.Pool).OtherConfig.TryGetValue(Marks.Plan + name, out var text)
            ? Read(name, text, pool.State.Get(pool.Pool).Uuid)
            : null;

    /// <summary>What would be found under the name if a request were saved under it.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it could not be.</exception>
    public RecoveryRequest AsSaved(string name, RecoveryRequest request)
    {
        RequireSavable(name, request);
        return AsFound(name, request, pool.State.Get(pool.Pool).Uuid);
    }

    /// <summary>Saves a plan over whatever had the name.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: the name can't be used, or the request holds a password.</exception>
    public Task SaveAsync(string name, RecoveryRequest request, string savedBy, CancellationToken cancellationToken)
    {
        RequireSavable(name, request);
        var text = Compact(
            RecoveryJson.Write(
                new StoredPlan(WithoutConsent(request) with { Plan = null, PlanPool = null }, savedBy, pool.Time.GetUtcNow())));
        return pool.Database.WriteAsync(
            tx => tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(Marks.Plan + name, text) }), cancellationToken);
    }

    private static void RequireSavable(string name, RecoveryRequest request)
    {
        Names.Require("name", name);
        if (request.ToJson() != request.WithoutSecrets().ToJson())
        {
            throw new XenApiException(
                "INVALID_VALUE",
                "device-config",
                "(it holds a password, which would lie in clear on the replicated storage; attach the storage and name the "
                    + "SR with sr-uuid= instead)");
        }
    }

    /// <summary>Whether there is a plan of this name, readable or not.</summary>
    public bool Has(string name) => pool.State.Get(pool.Pool).OtherConfig.ContainsKey(Marks.Plan + name);

    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>, <c>DR_PLAN_EXISTS</c>, <c>INVALID_VALUE</c>.</exception>
    public void RequireRenamable(string name, string newName) => RequireRenamable(pool.State.Get(pool.Pool), name, newName);

    /// <summary>Gives a plan another name, in one change; what it says, who saved it and when stays.</summary>
    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>, <c>DR_PLAN_EXISTS</c>, <c>INVALID_VALUE</c>.</exception>
    public Task RenameAsync(string name, string newName, CancellationToken cancellationToken) => pool.Database.WriteAsync(
        tx =>
        {
            var text = RequireRenamable(tx.Get(pool.Pool), name, newName);
            tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.Remove(Marks.Plan + name).SetItem(Marks.Plan + newName, text) });
        },
        cancellationToken);

    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>.</exception>
    public Task RemoveAsync(string name, CancellationToken cancellationToken) => pool.Database.WriteAsync(
        tx =>
        {
            if (!tx.Get(pool.Pool).OtherConfig.ContainsKey(Marks.Plan + name))
            {
                throw new XenApiException("DR_PLAN_UNKNOWN", name);
            }

            tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.Remove(Marks.Plan + name) });
        },
        cancellationToken);

    /// <summary>This pool's own plans.</summary>
    public PlanCatalog Own() => In(pool.State.Get(pool.Pool), null);

    /// <summary>The plans of other pools, on every metadata volume of theirs that is attached.</summary>
    /// <param name="api">A session of whoever asks, who must be allowed to open databases.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async Task<PlanCatalog> ForeignAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        var volumes = pool.State.All<VdiRecord>()
            .Where(
                v => v.Record is { Type: VdiType.Metadata, Missing: false, MetadataLatest: true } && v.Record.MetadataOfPool != pool.Pool)
            .OrderBy(v => v.Record.Uuid, StringComparer.Ordinal);
        var all = new PlanCatalog([], []);
        foreach (var (reference, vdi) in volumes)
        {
            all = Join(all, await OfVolumeAsync(api, reference, vdi.Uuid, cancellationToken));
        }

        return all;
    }

    private static async Task<PlanCatalog> OfVolumeAsync(
        XenApiClient api, Ref<VdiRecord> vdi, string uuid, CancellationToken cancellationToken)
    {
        try
        {
            var foreign = api.WithSession(await api.Vdi.OpenDatabaseAsync(vdi, cancellationToken));
            try
            {
                var theirs = (await foreign.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First();
                return In(theirs, new(uuid, theirs.Uuid, theirs.NameLabel));
            }
            finally
            {
                // Not with the caller's token: a session left open holds a whole database in memory.
                await foreign.LogoutAsync(CancellationToken.None);
            }
        }
        catch (XenApiException unreadable)
        {
            return new(
                [],
                [$"The metadata volume {uuid} can't be looked at for plans: {unreadable.Code} {string.Join(", ", unreadable.Parameters)}"]);
        }
    }

    private static PlanCatalog In(PoolRecord record, PlanOrigin? origin)
    {
        var plans = ImmutableArray.CreateBuilder<SavedPlan>();
        var problems = ImmutableArray.CreateBuilder<string>();
        foreach (var (key, text) in record.OtherConfig.Where(e => e.Key.StartsWith(Marks.Plan, StringComparison.Ordinal)))
        {
            try
            {
                plans.Add(Read(key[Marks.Plan.Length..], text, record.Uuid) with { Origin = origin });
            }
            catch (FormatException garbled)
            {
                problems.Add($"The plan {key[Marks.Plan.Length..]} of pool {record.NameLabel} can't be read: {garbled.Message}");
            }
        }

        return new(plans.ToImmutable(), problems.ToImmutable());
    }

    private static string RequireRenamable(PoolRecord pool, string name, string newName)
    {
        Names.Require("new_name", newName);
        return !pool.OtherConfig.TryGetValue(Marks.Plan + name, out var text) ? throw new XenApiException("DR_PLAN_UNKNOWN", name)
            : pool.OtherConfig.ContainsKey(Marks.Plan + newName) ? throw new XenApiException("DR_PLAN_EXISTS", newName)
            : text;
    }

    private static PlanCatalog Join(PlanCatalog a, PlanCatalog b) => new([.. a.Plans, .. b.Plans], [.. a.Problems, .. b.Problems]);

    // What was answered or consented to for one recovery must not be taken for granted in the next; nor what somebody else has written.
    private static RecoveryRequest WithoutConsent(RecoveryRequest request) => request with
    {
        Sources = ImmutableSortedDictionary<string, string>.Empty,
        Approval = null,
        Policy = request.Policy with
        {
            IsSourceDead = false,
            DeadSources = [],
            Resolve = [],
            AcceptedMissingDisks = [],
            AcceptedVolumes = [],
            Copies = ImmutableSortedDictionary<string, string>.Empty,
        },
    };

    private static RecoveryRequest AsFound(string name, RecoveryRequest request, string poolUuid) =>
        WithoutConsent(request) with { Plan = name, PlanPool = poolUuid };

    // Every journal carries it; the line breaks would be half of it.
    private static string Compact(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document.RootElement);
    }

    private static SavedPlan Read(string name, string text, string poolUuid)
    {
        var stored = RecoveryJson.Read<StoredPlan>(text);
        return new()
        {
            Name = name,
            Request = AsFound(name, stored.Request, poolUuid),
            SavedBy = stored.SavedBy,
            SavedAt = stored.SavedAt,
        };
    }

    private sealed record StoredPlan(RecoveryRequest Request, string SavedBy, DateTimeOffset SavedAt);
}
