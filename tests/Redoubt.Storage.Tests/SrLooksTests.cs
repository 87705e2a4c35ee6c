namespace Redoubt.Storage.Tests;

public sealed class SrLooksTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_hangs_is_known_to_the_next_also_when_whoever_waited_for_it_gave_up_before_the_limit()
    {
        var looks = new SrLooks("/there", TimeProvider.System);
        var storage = new TaskCompletionSource<int>();
        using var impatient = new CancellationTokenSource();
        var given = looks.RunAsync(() => storage.Task, Limit, null, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        // Answered by a look that nobody would have had to wait for.
        await Patience.UntilAsync(() => IsRefused(looks), "it is known that the place hangs");
        storage.SetResult(1);
        await Patience.UntilAsync(() => !IsRefused(looks), "it is known that the place is back");
        Assert.Equal(7, await looks.RunAsync(() => Task.FromResult(7), Limit, null, Cancel));
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_is_taken_care_of()
    {
        var looks = new SrLooks("/there", TimeProvider.System);
        var (storage, taken) = (new TaskCompletionSource<int>(), new TaskCompletionSource<int>());
        var refused = await Assert.ThrowsAsync<XenApi.XenApiException>(
            () => looks.RunAsync(() => storage.Task, Limit, late => Task.FromResult(taken.TrySetResult(late)), Cancel));
        Assert.Equal("SR_BACKEND_FAILURE_47", refused.Code);
        storage.SetResult(3);
        Assert.Equal(3, await taken.Task.WaitAsync(Cancel));
    }

    private static bool IsRefused(SrLooks looks)
    {
        var look = looks.RunAsync(() => Task.FromResult(0), Limit, null, Cancel);
        return look.IsFaulted && look.Exception!.InnerException is XenApi.XenApiException;
    }
}
