using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Database;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement.Tests;

public sealed class AgreementTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_host_has_each_change_in_its_own_journal()
    {
        await using var pool = await TestPool.StartAsync(3);
        var database = new TestDatabase();
        await using var coordinator = await pool.Hosts[0].ElectAsync();
        await coordinator.BeginAsync(database.State, null, Token);
        pool.Hosts.ForEach(h => h.Follow());
        foreach (var name in (string[])["second", "third", "fourth"])
        {
            await coordinator.AppendAsync(database.Rename(name), Token);
        }

        foreach (var host in pool.Hosts)
        {
            await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
            Assert.Equal("fourth", NameIn(host));
            Assert.Equal(database.State.Generation, host.Database.Manifest.Generation);
        }

        Assert.Equal(pool.Hosts[0].Standing.Address, await Coordinator.FindAddressAsync(pool.Hosts[2].Etcd.Client, Token));
    }

    [Fact]
    public async Task A_coordinator_that_was_replaced_cannot_write()
    {
        await using var pool = await TestPool.StartAsync(3);
        var database = new TestDatabase();
        await using var first = await pool.Hosts[0].ElectAsync();
        await first.BeginAsync(database.State, null, Token);
        await first.AppendAsync(database.Rename("acknowledged"), Token);
        pool.Hosts[1].Follow();

        var standing = pool.Hosts[1].ElectAsync();
        await pool.Hosts[0].CutOffAsync();
        await using var second = await standing;
        Assert.True(second.Term > first.Term);
        await pool.Hosts[1].Follower!.ReachAsync(second.Head.Generation, Token);
        Assert.Equal("acknowledged", NameIn(pool.Hosts[1]));

        await pool.Hosts[0].BackAsync();
        await pool.Hosts[0].AnswersAsync();
        await Assert.ThrowsAsync<CoordinatorLostException>(() => first.AppendAsync(database.Rename("of the one that was replaced"), Token));
        Assert.True(first.Lost.IsCancellationRequested);
        Assert.Equal(second.Head, await HeadAsync(pool.Hosts[2]));
    }

    [Fact]
    public async Task An_etcd_that_starts_again_is_called_although_somebody_took_the_port_that_it_was_called_at()
    {
        await using var pool = await TestPool.StartAsync(1);
        var host = pool.Hosts[0];
        var port = host.Etcd.ClientUrl.Port;
        await host.KillAsync();
        using var thief = new TcpListener(IPAddress.Loopback, port);
        await Patience.UntilAsync(() => Begin(thief), "the port is free");
        await host.AnswersAsync();
        Assert.NotEqual(port, host.Etcd.ClientUrl.Port);

        static bool Begin(TcpListener listener)
        {
            try
            {
                listener.Start();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task What_a_host_has_that_nobody_acknowledged_goes()
    {
        await using var pool = await TestPool.StartAsync(1);
        var host = pool.Hosts[0];
        var database = new TestDatabase();
        await using var coordinator = await host.ElectAsync();
        await coordinator.BeginAsync(database.State, null, Token);
        var acknowledged = database.Rename("acknowledged");
        await coordinator.AppendAsync(acknowledged, Token);
        var dump = StateDump.ToDump(database.State);
        using (var device = JournalDevice.Open(host.Journal))
        using (var writer = new JournalWriter(device))
        {
            writer.WriteDatabase(dump);
            writer.Append(database.Rename("never acknowledged"));
        }

        Assert.Equal("never acknowledged", NameIn(host));
        host.Follow();
        await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
        Assert.Equal("acknowledged", NameIn(host));
    }

    [Fact]
    public async Task One_whose_database_is_behind_the_log_writes_nothing_and_gives_its_word_up()
    {
        await using var pool = await TestPool.StartAsync(1);
        var database = new TestDatabase();
        await using var coordinator = await pool.Hosts[0].ElectAsync();
        await coordinator.BeginAsync(database.State, null, Token);
        var agreed = database.Rename("agreed");
        await coordinator.AppendAsync(agreed, Token);
        await Assert.ThrowsAsync<CoordinatorLostException>(() => coordinator.AppendAsync(agreed, Token));
        Assert.True(coordinator.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_host_that_was_away_longer_than_the_log_goes_back_takes_the_whole_database()
    {
        await using var pool = await TestPool.StartAsync(1);
        var host = pool.Hosts[0];
        var database = new TestDatabase();
        await using var coordinator = await host.ElectAsync();
        await coordinator.BeginAsync(database.State, null, Token);
        host.Follow();
        await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
        await host.StopFollowingAsync();
        await coordinator.AppendAsync(database.Rename("while it was away"), Token);
        await coordinator.ShortenAsync(database.State, null, Token);
        await coordinator.AppendAsync(database.Rename("after that"), Token);
        host.Follow();
        await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
        Assert.Equal("after that", NameIn(host));
        Assert.Equal(database.State.Generation, host.Database.Manifest.Generation);
    }

    [Fact]
    public async Task A_batch_that_is_too_long_for_one_request_comes_whole()
    {
        await using var pool = await TestPool.StartAsync(1);
        var host = pool.Hosts[0];
        var database = new TestDatabase();
        await using var coordinator = await host.ElectAsync();
        await coordinator.BeginAsync(database.State, null, Token);
        host.Follow();
        await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
        var name = new string('n', 12 << 20);
        await coordinator.AppendAsync(database.Rename(name), Token);
        await host.Follower.ReachAsync(coordinator.Head.Generation, Token);
        Assert.Equal(name, NameIn(host));

        // And to one that comes later.
        await host.StopFollowingAsync();
        await coordinator.AppendAsync(database.Rename(name + "!"), Token);
        host.Follow();
        await host.Follower!.ReachAsync(coordinator.Head.Generation, Token);
        Assert.Equal(name + "!", NameIn(host));
    }

    [Fact]
    public async Task A_log_beside_the_database_is_read_from_anywhere_and_only_the_coordinator_adds_to_it()
    {
        await using var pool = await TestPool.StartAsync(1);
        var etcd = pool.Hosts[0].Etcd.Client;
        var first = await pool.Hosts[0].ElectAsync();
        await first.LayWholeAsync("runs", 2, "1 2 "u8.ToArray(), Token);
        for (var number = 3; number <= 300; number++)
        {
            Assert.False(await first.LayEntryAsync("runs", number, Encoding.UTF8.GetBytes($"{number} "), Token));
        }

        var all = string.Concat(Enumerable.Range(1, 300).Select(n => $"{n} "));
        Assert.Equal(all, await LogAsync(etcd, 0));
        Assert.Equal("299 300 ", await LogAsync(etcd, 298));
        Assert.Equal("", await LogAsync(etcd, 300));

        // All of it in the place of the entries, longer than one request carries.
        var filler = Convert.ToHexString(RandomNumberGenerator.GetBytes(2 << 20));
        await first.LayWholeAsync("runs", 300, Encoding.UTF8.GetBytes(all + filler), Token);
        Assert.Equal(all + filler, await LogAsync(etcd, 298));
        Assert.Equal("", await LogAsync(etcd, 300));
        Assert.True(await first.LayEntryAsync("runs", 300 + KeptLog.MostEntries + 1, "far "u8.ToArray(), Token));
        await Assert.ThrowsAsync<IOException>(() => first.LayEntryAsync("runs", 90_000, RandomNumberGenerator.GetBytes(8 << 20), Token));

        await first.DisposeAsync();
        await using var second = await pool.Hosts[0].ElectAsync();
        await Assert.ThrowsAsync<CoordinatorLostException>(() => first.LayEntryAsync("runs", 30_000, "late "u8.ToArray(), Token));
        Assert.Equal("far ", await LogAsync(etcd, 300));
        Assert.True(await second.LayEntryAsync("runs", 30_001, "next "u8.ToArray(), Token));
        Assert.Equal("far next ", await LogAsync(etcd, 300));
    }

    private static async Task<string> LogAsync(EtcdClient etcd, long after) =>
        string.Concat((await Coordinator.ReadLogAsync(etcd, "runs", after, Token)).Select(Encoding.UTF8.GetString));

    [Fact]
    public async Task A_host_that_was_designated_wins_whoever_stood_before_it()
    {
        await using var pool = await TestPool.StartAsync(3);
        var first = await pool.Hosts[0].ElectAsync();
        var second = pool.Hosts[1].ElectAsync();
        await Patience.UntilAsync(async () => (await StandingAsync(pool)).Length == 2, "the second stands");
        var third = pool.Hosts[2].ElectAsync();
        await Patience.UntilAsync(async () => (await StandingAsync(pool)).Length == 3, "the third stands");
        Assert.Equal(pool.Hosts.Select(h => h.Standing), await StandingAsync(pool));

        await first.DesignateAsync(pool.Hosts[2].Standing.Host, Token);
        await first.DisposeAsync();
        await using var won = await third;
        await Assert.ThrowsAsync<EtcdException>(() => second);
        Assert.Equal(pool.Hosts[2].Standing.Address, await Coordinator.FindAddressAsync(pool.Hosts[0].Etcd.Client, Token));
    }

    private static async Task<System.Collections.Immutable.ImmutableArray<Standing>> StandingAsync(TestPool pool) =>
        await Coordinator.ReadStandingAsync(pool.Hosts[0].Etcd.Client, Token);

    private static string NameIn(TestHost host) => host.Database.FindTable("VM")!.Rows.Single().Columns["name__label"];

    private static async Task<LogHead> HeadAsync(TestHost host) => LogHead.Of(await host.Etcd.Client.FindAsync(LogKeys.Head, Token));
}
