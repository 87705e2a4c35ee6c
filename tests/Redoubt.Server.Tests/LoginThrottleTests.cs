using System.Net;
using Redoubt.Server.Sessions;

namespace Redoubt.Server.Tests;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress There = IPAddress.Parse("10.0.0.2");

    [Fact]
    public void A_typing_mistake_costs_nothing_and_a_third_does()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        throttle.Failed("root", Here);
        throttle.Failed("root", Here);
        Assert.True(IsFree(throttle, "root", Here));
        throttle.Failed("root", Here);
        Assert.False(IsFree(throttle, "root", Here));
    }

    [Fact]
    public void Other_names_from_elsewhere_are_not_held_up()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        for (var i = 0; i < 50; i++)
        {
            throttle.Failed("root", Here);
        }

        Assert.True(IsFree(throttle, "operator", There));
        Assert.False(IsFree(throttle, "operator", Here));
    }

    [Fact]
    public void The_right_password_ends_the_wait()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        for (var i = 0; i < 5; i++)
        {
            throttle.Failed("root", Here);
        }

        throttle.Succeeded("root", Here);
        Assert.True(IsFree(throttle, "root", Here));
    }

    [Fact]
    public void Guesses_from_everywhere_do_not_fill_the_memory()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        for (var i = 0; i < 30_000; i++)
        {
            throttle.Failed($"user{i}", new IPAddress(i));
        }

        Assert.True(throttle.Known <= 10_002);
    }

    private static bool IsFree(LoginThrottle throttle, string user, IPAddress remote) =>
        throttle.WaitAsync(user, remote, CancellationToken.None).IsCompleted;
}
