using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Starts the VMs that are to start with their host (<c>other_config:auto_poweron</c> of the pool and of the VM), in ascending <c>order</c>
/// and with their delays, once for each boot of the host: a daemon that alone is started again starts none. Every check of a start is made.
/// <code>
/// 1 another boot than the file names   the file names this one, and the VMs that are to start
/// 2 a tier after the other             each VM whose turn is over, however it went, is taken from the file
/// 3 who could not be started           is tried again for a while: storage and other sites may come up later than this host
/// </code>
/// A daemon that dies in between goes on with those that the file still names.
/// </summary>
internal sealed class HostStart(PoolServices pool, VmStartCalls start, KeptFile<HostBoot> kept, string? bootId) : IAsyncDisposable
{
    private const string Key = "auto_poweron";
    private const string FileName = "host-boot.json";
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private readonly StartTries _tries = new(pool, start, (vm, why) => new Announcement.NotStartedWithHost(
        Cls.Vm, vm.Uuid, $"{vm.NameLabel} ({vm.Uuid}) could not be started with its host: {why}"));

    private readonly CancellationTokenSource _stopping = new();
    private Task _starting = Task.CompletedTask;

    /// <summary>What the file of a directory holds; an empty boot's name where there is no file.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static KeptFile<HostBoot> Kept(string directory) => KeptFile<HostBoot>.Open(
        Path.Combine(directory, FileName),
        KeptName.Find(FileName)!.Advice,
        new("", []),
        content => JsonSerializer.Deserialize<HostBoot>(content) is { Boot.Length: > 0, Waiting: not null } boot
            ? boot
            : throw new FormatException("a part is missing"),
        boot => JsonSerializer.SerializeToUtf8Bytes(boot));

    /// <summary>Notes the present boot in a directory that is new: whether the host has just booted does not matter to it.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Note(KeptFile<HostBoot> kept, string? bootId) =>
        kept.Change(boot => boot.Boot.Length > 0 ? boot : new(bootId ?? ThisBoot(), []));

    /// <summary>Which VMs are to start with the host, in tiers. Pure.</summary>
    public static IReadOnlyList<IReadOnlyList<Ref<VmRecord>>> Tiers(
        ImmutableSortedDictionary<string, string> poolConfig, IEnumerable<(Ref<VmRecord> Ref, VmRecord Record)> vms) =>
        poolConfig.GetValueOrDefault(Key) != "true" ? [] :
        [
            .. vms.Where(v => IsMeant(v.Record)).GroupBy(v => v.Record.Order, v => v.Ref).OrderBy(tier => tier.Key)
                .Select(tier => tier.ToList()),
        ];

    /// <summary>
    /// Begins, if the host has booted since the last time; to be called when the daemon answers, since other sites ask back.
    /// </summary>
    public void Begin() => _starting = BeginAsync();

    /// <summary>Ends when no VM waits to be started any more.</summary>
    public Task WaitAsync() => _starting;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _starting;
        _stopping.Dispose();
    }

    private static bool IsMeant(VmRecord vm) =>
        vm is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false, PowerState: VmPowerState.Halted }
        && vm.OtherConfig.GetValueOrDefault(Key) == "true";

    private async Task BeginAsync()
    {
        // What needs no waiting must not hold up whoever starts the daemon either.
        await Task.Yield();
        try
        {
            var boot = bootId ?? ThisBoot();
            if (kept.Value.Boot != boot)
            {
                kept.Change(_ => new(boot, [.. Uuids()]));
            }

            if (!kept.Value.Waiting.IsEmpty)
            {
                await RunAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops. Who still waits is started after its next start.
        }
        catch (Exception e)
        {
            await _tries.TellAsync(new Announcement.NotStartedWithHost(
                Cls.Host, pool.State.Get(pool.Hosts.Local.Host).Uuid,
                $"It is not known whether the host has booted since VMs were last started with it, so no more are: {e.Message} Start "
                + "those that are to run (vm-start)."));
        }
    }

    private async Task RunAsync()
    {
        foreach (var attempt in Enumerable.Range(1, StartTries.Most))
        {
            if (attempt > 1)
            {
                await Task.Delay(StartTries.AgainAfter, pool.Time, _stopping.Token);
            }

            foreach (var tier in Tiers())
            {
                var waiting = tier.Where(vm => kept.Value.Waiting.Contains(pool.State.Find(vm)?.Uuid ?? ""));
                var ended = await Task.WhenAll(waiting.Select(vm => StartAsync(vm, attempt)));
                kept.Change(boot => boot with { Waiting = boot.Waiting.Except(ended.OfType<string>()) });
            }

            // Somebody may have started, removed or changed the others meanwhile.
            kept.Change(boot => boot with { Waiting = boot.Waiting.Intersect(Uuids()) });
            if (kept.Value.Waiting.IsEmpty)
            {
                break;
            }
        }

        kept.Change(boot => boot with { Waiting = [] });
    }

    /// <summary>Tries one VM; answers its UUID when its turn is over.</summary>
    private async Task<string?> StartAsync(Ref<VmRecord> vm, int attempt)
    {
        var uuid = pool.State.Find(vm)?.Uuid;
        var why = await _tries.TryAsync(vm, attempt, _stopping.Token);
        return why.Length == 0 || attempt == StartTries.Most ? uuid : null;
    }

    private IReadOnlyList<IReadOnlyList<Ref<VmRecord>>> Tiers() => Tiers(pool.State.Get(pool.Pool).OtherConfig, pool.State.All<VmRecord>());

    private IEnumerable<string> Uuids() => Tiers().SelectMany(tier => tier).Select(vm => pool.State.Get(vm).Uuid);

    private static string ThisBoot() => File.ReadAllText(BootIdFile).Trim();
}
