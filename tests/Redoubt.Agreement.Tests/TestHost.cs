using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement.Tests;

/// <summary>One of its hosts.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly EtcdMemberConfig _config;

    public TestHost(EtcdMemberConfig config, string journal)
    {
        (_config, Journal) = (config, journal);
        using (var device = JournalDevice.Create(journal))
        {
            JournalWriter.Initialise(device);
        }

        Etcd = EtcdMember.Start(config, TimeProvider.System, NullLogger<EtcdMember>.Instance);
    }

    public EtcdMember Etcd { get; }

    public string Journal { get; }

    public LogFollower? Follower { get; private set; }

    /// <summary>What its own journal holds.</summary>
    public DatabaseDump Database => ((JournalVerdict.Intact)JournalReader.Read(Journal)).Content.Database;

    public Task AnswersAsync() => Patience.UntilAsync(
        async () =>
        {
            try
            {
                await Etcd.Client.FindAsync("/anything", TestContext.Current.CancellationToken);
                return true;
            }
            catch (EtcdException)
            {
                return false;
            }
        },
        $"the etcd of {_config.HostUuid} answers ({Etcd.Trouble})");

    public void Follow() => Follower = new(Etcd.Client, Journal, TimeProvider.System, NullLogger<LogFollower>.Instance);

    public async Task StopFollowingAsync()
    {
        if (Follower is { } follower)
        {
            await follower.DisposeAsync();
            Follower = null;
        }
    }

    /// <summary>What the others know it by.</summary>
    public Standing Standing => new(_config.HostUuid, $"address of {_config.HostUuid}");

    public Task<Coordinator> ElectAsync() => Coordinator.ElectAsync(
        Etcd.Client, Standing, TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>As when the host is cut off: nobody hears of it, and it of nobody.</summary>
    public Task CutOffAsync() => SignalAsync("-STOP");

    public Task BackAsync() => SignalAsync("-CONT");

    /// <summary>Ends etcd as a power cut does; it is started again.</summary>
    public Task KillAsync() => SignalAsync("-KILL");

    public async ValueTask DisposeAsync()
    {
        await BackAsync();
        await StopFollowingAsync();
        await Etcd.DisposeAsync();
    }

    private async Task SignalAsync(string signal) => await Programs.RunAsync("pkill", signal, "-P", $"{Etcd.ProcessId}", "-x", "etcd");
}
