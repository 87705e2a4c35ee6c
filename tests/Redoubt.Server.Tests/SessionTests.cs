namespace Redoubt.Server.Tests;

public sealed class SessionTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task An_idle_session_expires_and_a_used_one_does_not()
    {
        var (idle, used) = (await pool.LoginAsync(), await pool.LoginAsync());
        for (var hours = 0; hours < 26; hours += 13)
        {
            pool.Clock.Advance(TimeSpan.FromHours(13));
            await pool.ResultAsync("session.get_uuid", used, used);
        }

        Assert.Equal(["SESSION_INVALID", idle], await pool.RawFailureAsync("session.get_uuid", idle, idle));

        // Its row goes when the next session comes.
        var next = await pool.LoginAsync();
        Assert.Equal("HANDLE_INVALID", (await pool.RawFailureAsync("session.get_uuid", next, idle))[0]);
        await pool.ResultAsync("session.get_uuid", used, used);
        Assert.True(Redoubt.Pool.Sessions.IdleLimit < TimeSpan.FromHours(26));
    }
}
