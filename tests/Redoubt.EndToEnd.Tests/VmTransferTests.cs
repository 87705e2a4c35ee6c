using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest that counts is written to a file and counts on from there as another VM; what breaks off leaves nothing.</summary>
public sealed class VmTransferTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_counts_on_out_of_a_file_and_a_daemon_that_is_killed_while_one_comes_in_leaves_nothing_of_it()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        var sr = await DemoGuests.BuildAsync(site, guest);
        var srUuid = await site.Api.Sr.GetUuidAsync(sr, Stop);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, 3);
        var file = Path.Combine(bench.Directory, "alone.xva");
        Assert.Contains(
            "VM_BAD_POWER_STATE", await _shell.FailAsync(site, $"vm-export vm=alone filename={file}"), StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        var counted = guest.Read(site).LastCount!.Value;
        await _shell.RunAsync(site, $"vm-export vm=alone filename={file} compress=zstd");

        var uuid = await _shell.RunAsync(site, $"vm-import filename={file} sr-uuid={srUuid}");
        var back = new DemoGuest("back", 0, 0, false) { Uuid = uuid };
        await _shell.RunAsync(site, $"vm-start uuid={uuid}");
        await DemoGuests.CountsPastAsync(site, back, counted + 1);
        Assert.InRange(back.Read(site).ResumedFrom, counted, counted + 1);
        await _shell.RunAsync(site, $"vm-uninstall uuid={uuid} --force");

        // Killed when the first disk is on its way.
        await _shell.RunAsync(site, $"vm-export vm=alone filename={file}.plain");
        var before = (DemoGuests.DisksIn(site.Storage).Count, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count);
        await using (var half = new HalfStream(File.OpenRead(file + ".plain"), 4 << 20))
        {
            var import = site.Api.ImportVmsAsync(half, srUuid, restore: false, force: false, cancellationToken: Stop);
            await half.Halfway.WaitAsync(TimeSpan.FromMinutes(1), Stop);
            await Patience.UntilAsync(
                async () => (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count > before.Item2, "a disk is being made");
            site.Daemon.Kill();
            await site.Daemon.WaitForExitAsync(Stop);
            half.GoOn();
            await Assert.ThrowsAnyAsync<Exception>(() => import);
        }

        site = await bench.StartAsync("site");
        await Patience.UntilAsync(
            async () => (DemoGuests.DisksIn(site.Storage).Count, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count) == before,
            "what was half made is gone");
        Assert.Equal(guest.Uuid, await _shell.RunAsync(site, "vm-list is-control-domain=false --minimal"));
    }

    /// <summary>A file of which the rest comes when it is told to.</summary>
    private sealed class HalfStream(FileStream file, long half) : ForwardStream
    {
        private readonly TaskCompletionSource _halfway = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Halfway => _halfway.Task;

        public void GoOn() => _goOn.TrySetResult();

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (file.Position >= half)
            {
                _halfway.TrySetResult();
                await _goOn.Task.WaitAsync(cancellationToken);
            }

            return await file.ReadAsync(buffer[..Math.Min(buffer.Length, 64 << 10)], cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
