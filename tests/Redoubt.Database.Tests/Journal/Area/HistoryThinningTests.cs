using FsCheck;
using FsCheck.Fluent;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Tests.Journal.Area;

public sealed class HistoryThinningTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 30, 0, TimeSpan.Zero);
    private static readonly HistorySpace Plenty = new(1_000_000, 4096, 1_000_000);

    [Fact]
    public void All_of_the_last_hour_each_hour_of_two_days_and_each_day_of_two_months_are_kept()
    {
        var entries = Every(TimeSpan.FromMinutes(10), TimeSpan.FromDays(90));
        var kept = Kept(entries, Now, Plenty);
        var ages = kept.Select(e => Now - e.WrittenAt).ToList();
        Assert.Equal(7, ages.Count(a => a <= TimeSpan.FromHours(1)));
        // Three more belong to the newest ten.
        Assert.InRange(ages.Count(a => a > TimeSpan.FromHours(1) && a <= TimeSpan.FromDays(2)), 48, 51);
        Assert.InRange(ages.Count(a => a > TimeSpan.FromDays(2)), 57, 59);
        Assert.True(ages.Max() <= TimeSpan.FromDays(60));
    }

    [Fact]
    public void A_pool_that_lost_all_its_VMs_cannot_push_out_the_state_in_which_it_had_them()
    {
        var had = Entry(1, TimeSpan.FromMinutes(1), vms: 500, blocks: 90);
        var since = Enumerable.Range(2, 60).Select(i => Entry(i, TimeSpan.FromSeconds(60 - (i / 2.0)), vms: 0, blocks: 10)).ToList();
        var kept = Kept([had, .. since], Now, new HistorySpace(100, 4096, 1000));
        Assert.Contains(had, kept);
        Assert.Contains(since[^1], kept);
        // Not after years either, and not because a VM was made since.
        Assert.Contains(had, Kept([had, .. since], Now.AddYears(3), new HistorySpace(100, 4096, 1000)));
        var made = Entry(99, TimeSpan.Zero, vms: 1, blocks: 20);
        Assert.DoesNotContain(made, Kept([had, made], Now, new HistorySpace(100, 4096, 1000)));
    }

    [Fact]
    public void A_state_before_a_fall_gives_way_when_the_VMs_are_back()
    {
        var (had, empty, back) = (Entry(1, TimeSpan.FromMinutes(3), 10, 90), Entry(2, TimeSpan.FromMinutes(2), 0, 5), Entry(3, TimeSpan.FromMinutes(1), 9, 90));
        Assert.Equal([back], Kept([had, empty, back], Now, new HistorySpace(94, 4096, 1000)));
    }

    [Theory]
    [InlineData(20 * 365)]
    [InlineData(100)]
    [InlineData(4)]
    [InlineData(-3)]
    [InlineData(-20 * 365)]
    public void A_clock_that_is_wrong_for_one_start_takes_nothing_that_was_worth_keeping(int days)
    {
        var history = Kept(Every(TimeSpan.FromMinutes(10), TimeSpan.FromDays(70)), Now, Plenty);
        var next = history.Max(e => e.Id);

        // What was kept before, after thirty more states of a start with this clock.
        List<long> After(double off)
        {
            var states = history;
            for (var i = 1; i <= 30; i++)
            {
                var at = Now.AddDays(off).AddMinutes(5 * i);
                states = Kept([.. states, Entry(next + i, TimeSpan.Zero, 5, 1) with { WrittenAt = at }], at, Plenty);
            }

            // And of the one after it, when the clock is right again.
            var now = Now.AddMinutes(160);
            return [.. Kept([.. states, Entry(next + 31, TimeSpan.Zero, 5, 1) with { WrittenAt = now }], now, Plenty).Select(e => e.Id)
                .Where(id => id <= next)];
        }

        Assert.NotEmpty(After(0));
        Assert.Empty(After(0).Except(After(days)));
    }

    [Fact]
    public void The_newest_are_kept_whatever_their_age_says()
    {
        var entries = Enumerable.Range(1, 40).Select(i => Entry(i, TimeSpan.FromDays(100 - i), vms: 5, blocks: 1)).ToList();
        Assert.Equal(Enumerable.Range(31, 10).Select(i => (long)i), Kept(entries, Now.AddDays(2), Plenty).Select(e => e.Id).TakeLast(10));
        Assert.Equal(
            10, Kept([.. entries.Select(e => e with { WrittenAt = Now.AddMinutes(e.Id) })], Now.AddDays(70), Plenty).Count(e => e.Id > 30));
    }

    [Fact]
    public void What_another_pool_left_is_thinned_apart()
    {
        var other = Entry(
            1, TimeSpan.FromHours(5), 3, 1) with
        { Pool = new PoolIdentity(Guid.Parse("11111111-1111-1111-1111-111111111111"), "other") };
        var ours = Entry(2, TimeSpan.FromHours(5) - TimeSpan.FromMinutes(1), 3, 1);
        Assert.Equal(2, Kept([other, ours], Now, Plenty).Count);
    }

    [Fact]
    public void Whatever_there_is_what_is_kept_fits_and_thinning_again_drops_nothing() => Check((entries, space) =>
    {
        var kept = Kept(entries, Now, space);
        return kept.Sum(e => (long)space.BlocksFor(e.StoredBytes)) <= space.Blocks && kept.Count <= space.Entries
            && HistoryThinning.Drop(kept, Now, space).IsEmpty;
    });

    [Fact]
    public void No_state_before_a_fall_is_dropped_for_one_that_is_not() => Check((entries, space) =>
    {
        var drop = HistoryThinning.Drop(entries, Now, space);
        var kept = entries.Except(drop).ToList();
        return !drop.Any(
            d => IsBeforeFall(d, entries) && Now - d.WrittenAt <= TimeSpan.FromDays(60) && kept.Any(k => !IsBeforeFall(k, entries)));
    });

    [Fact]
    public void The_state_with_the_most_VMs_since_which_there_was_none_with_half_of_them_is_dropped_last() => Check((entries, space) =>
    {
        var most = entries.Where(e => IsBeforeFall(e, entries)).MaxBy(e => e.Vms);
        var fits = most is not null && space.BlocksFor(most.StoredBytes) <= space.Blocks && space.Entries > 0;
        var isOld = most is not null && Now - most.WrittenAt > TimeSpan.FromDays(60);
        return !fits || isOld || Kept(entries, Now, space).Contains(most!);
    });

    [Fact]
    public void It_does_not_matter_when_the_history_was_thinned_before() => Check((entries, _) =>
    {
        var early = Now - TimeSpan.FromHours(30);
        var then = Kept([.. entries.Where(e => e.WrittenAt <= early)], early, Plenty);
        // Falls depend on what came after, so what an earlier thinning dropped can only be a state that is of no use now either.
        var twice = Kept([.. then, .. entries.Where(e => e.WrittenAt > early)], Now, Plenty);
        return Kept(entries, Now, Plenty).Where(e => !IsBeforeFall(e, entries)).All(twice.Contains);
    });

    private static void Check(Func<List<HistoryEntry>, HistorySpace, bool> holds) =>
        Prop.ForAll<Tuple<int, int, int>[], Tuple<byte, byte>>((states, room) =>
        {
            var minutes = states.Select(s => Math.Abs((long)s.Item1 * 977 % (70 * 24 * 60))).OrderDescending().ToList();
            var entries = states.Select(
                (s, i) => Entry(i + 1, TimeSpan.FromMinutes(minutes[i]), Math.Abs(s.Item2 % 40), 1 + Math.Abs(s.Item3 % 9))).ToList();
            return holds(entries, new HistorySpace(room.Item1, 4096, room.Item2 % 20));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));

    private static bool IsBeforeFall(HistoryEntry entry, IEnumerable<HistoryEntry> all) =>
        entry.Vms > 0 && all.Where(e => e.Id > entry.Id).All(e => 2 * e.Vms < entry.Vms);

    private static List<HistoryEntry> Kept(IReadOnlyCollection<HistoryEntry> entries, DateTimeOffset now, HistorySpace space) =>
        [.. entries.Except(HistoryThinning.Drop(entries, now, space))];

    private static List<HistoryEntry> Every(TimeSpan step, TimeSpan until) =>
        [.. Enumerable.Range(0, (int)(until / step)).Select(i => Entry(1_000_000 - i, step * i, vms: 5, blocks: 1))];

    private static HistoryEntry Entry(long id, TimeSpan age, int vms, int blocks) => new()
    {
        Id = id,
        Generation = id * 2,
        WrittenAt = Now - age,
        Pool = new PoolIdentity(Guid.Empty, ""),
        Vms = vms,
        VApps = 0,
        DumpBytes = 0,
        StoredBytes = blocks * 4096L,
    };
}
