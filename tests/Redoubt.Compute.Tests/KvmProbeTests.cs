using Microsoft.Extensions.Time.Testing;

namespace Redoubt.Compute.Tests;

/// <summary>Whether KVM works is found out by a guest that runs under it.</summary>
[Trait("Needs", "guest")]
public sealed class KvmProbeTests : IDisposable
{
    private const string Qemu = "/usr/bin/qemu-system-x86_64";
    private readonly string _cache = $"/tmp/rdtk-{Guid.NewGuid():N}"[..18];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_cache);

    [Fact]
    public async Task The_probe_guest_answers_where_guests_run()
    {
        var answer = await new KvmProbe(Qemu, TimeProvider.System) { Patience = EmbeddedHost.Limit }.RunAsync("tcg", Cancel);
        Assert.True(answer.Works, answer.Reason);
    }

    [Fact]
    public async Task An_accelerator_that_does_not_exist_is_refused_in_qemus_words()
    {
        var answer = await new KvmProbe(Qemu, TimeProvider.System) { Patience = EmbeddedHost.Limit }.RunAsync("steam", Cancel);
        Assert.False(answer.Works);
        Assert.Contains("steam", answer.Reason);
    }

    [Fact]
    public async Task A_guest_that_hangs_is_no_answer()
    {
        // No guest of any accelerator answers at once, so this is what a hanging one looks like.
        var answer = await new KvmProbe(Qemu, TimeProvider.System) { Patience = TimeSpan.FromMilliseconds(1) }.RunAsync("tcg", Cancel);
        Assert.False(answer.Works);
        Assert.Contains("did not run", answer.Reason);
    }

    [Fact]
    public async Task Without_the_device_nothing_is_run()
    {
        var answer = await new KvmProbe("/no/emulator", TimeProvider.System) { DevicePath = "/dev/no-kvm" }.AskAsync(_cache, Cancel);
        Assert.False(answer.Works);
        Assert.Contains("/dev/no-kvm", answer.Reason);
    }

    [Fact]
    public async Task A_yes_is_remembered_and_a_no_is_asked_again_after_ten_minutes()
    {
        var clock = new FakeTimeProvider();
        var cache = new KvmAnswerCache(_cache, "boot 1", clock);
        await cache.WriteAsync(new KvmAnswer(true, "it ran"), Cancel);
        clock.Advance(TimeSpan.FromDays(300));
        Assert.Equal(new KvmAnswer(true, "it ran"), await cache.ReadAsync(Cancel));
        Assert.Null(await new KvmAnswerCache(_cache, "boot 2", clock).ReadAsync(Cancel));

        await cache.WriteAsync(new KvmAnswer(false, "it hung"), Cancel);
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(new KvmAnswer(false, "it hung"), await cache.ReadAsync(Cancel));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await cache.ReadAsync(Cancel));
    }

    [Fact]
    public async Task A_torn_memory_is_as_good_as_none()
    {
        await File.WriteAllTextAsync(_cache, "{\"Key\":\"boot", Cancel);
        Assert.Null(await new KvmAnswerCache(_cache, "boot 1", TimeProvider.System).ReadAsync(Cancel));
    }
}
