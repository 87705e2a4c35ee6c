namespace Redoubt.Database.Tests;

public sealed class JournalStandingTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly JournalEvent[] Events =
    [
        new JournalEvent.StartedOver(), new JournalEvent.Joined(), new JournalEvent.Lagged(),
        new JournalEvent.Failed("it is gone", At, IsDisplaced: true),
        new JournalEvent.Superseded("another daemon", At),
    ];

    [Theory]
    // After: it starts over, joins, lags, fails, is superseded.
    [InlineData(JournalHealth.Healthy, "Healthy Healthy CatchingUp Broken Superseded")]
    [InlineData(JournalHealth.CatchingUp, "CatchingUp Healthy CatchingUp Broken Superseded")]
    [InlineData(JournalHealth.Broken, "CatchingUp Broken Broken Broken Superseded")]
    [InlineData(JournalHealth.Superseded, "Superseded Superseded Superseded Superseded Superseded")]
    public void Whatever_happens_to_a_journal_leads_somewhere(JournalHealth from, string to)
    {
        var standing = new JournalStanding(from);
        Assert.Equal(to, string.Join(' ', Events.Select(e => standing.Next(e).Health)));
    }

    [Fact]
    public void A_journal_has_a_reason_as_long_as_something_is_wrong_and_the_time_of_the_first_failure()
    {
        var broken = JournalStanding.Unwritten.Next(Events[0]).Next(Events[3]);
        Assert.Equal(new JournalStanding(JournalHealth.Broken, "it is gone", At) { IsDisplaced = true }, broken);
        var again = broken.Next(Events[0]).Next(new JournalEvent.Failed("still", At.AddMinutes(1)));
        // Displaced until it is written again, though a later try may fail for a reason that does not tell.
        Assert.Equal(new JournalStanding(JournalHealth.Broken, "still", At) { IsDisplaced = true }, again);
        Assert.Equal(new JournalStanding(JournalHealth.Healthy), again.Next(Events[0]).Next(Events[1]));
    }

    [Fact]
    public void Of_any_course_of_events_no_healthy_journal_has_a_reason_and_no_other_that_was_written_lacks_one_but_while_it_catches_up()
    {
        var random = new Random(5);
        for (var course = 0; course < 2000; course++)
        {
            var standing = JournalStanding.Unwritten;
            for (var i = 0; i < 12; i++)
            {
                standing = standing.Next(Events[random.Next(Events.Length)]);
                Assert.Equal(standing.Reason is null, standing.Since is null);
                Assert.False(
                    standing is { Health: JournalHealth.Healthy, Reason: not null } or { Health: JournalHealth.Superseded, Reason: null });
            }
        }
    }
}
