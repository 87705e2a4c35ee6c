using System.Diagnostics;
using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>Real SIGKILLs at moments that nobody chose.</summary>
public sealed class FileSrKillTests : FileSrFixture
{
    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_killed_daemon_leaves_whole_disks_only(DiskFormat format)
    {
        VdiState disk;
        await using (var before = await AttachAsync())
            disk = await NewDiskAsync(before, CrashingChild.ContentOf(0), format);
        var whole = new[] { CrashingChild.ContentOf(0), CrashingChild.ContentOf(1) }.Select(Digest).ToHashSet();
        var seed = Random.Shared.Next();
        var random = new Random(seed);

        for (var kill = 0; kill < 4; kill++)
        {
            await RunAndKillAsync(disk.Uuid, TimeSpan.FromMilliseconds(random.Next(1, 250)));
            await using var sr = await AttachAsync();
            foreach (var found in await sr.ScanAsync(Token))
            {
                Assert.True(found.Unreadable is null, $"seed {seed}, kill {kill}: {found.Unreadable}");
                if (found.Type == VdiType.User)
                    Assert.True(whole.Contains(Digest(await ReadAsync(sr, found.Uuid))), $"seed {seed}, kill {kill}: {found.Uuid} is torn");
                else
                    Assert.Equal(Mib, found.VirtualSizeBytes);
            }
        }

        // The last qemu-img may outlive its parent for a moment; once it is gone, a sweep removes all that is left.
        while (Directory.EnumerateDirectories(SrPath).Any())
        {
            await Task.Delay(20, Token);
            WorkArea.Sweep(SrPath);
        }
    }

    private static string Digest(byte[] content) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content));

    private async Task RunAndKillAsync(VdiUuid vdi, TimeSpan after)
    {
        var ready = CrashingChild.ReadyPath(Location);
        File.Delete(ready);
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "Redoubt.Storage.Tests"),
            ["-explicit", "only", "-method", $"*.{nameof(CrashingChild)}.{nameof(CrashingChild.Work_until_killed)}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment[CrashingChild.Variable] = $"{Location}|{SrId}|{vdi}";
        using var child = Process.Start(start)!;
        while (!File.Exists(ready))
        {
            Assert.False(child.HasExited, "the child ended before it was ready");
            await Task.Delay(5, Token);
        }

        await Task.Delay(after, Token);
        Assert.False(child.HasExited, "the child failed before it was killed");
        child.Kill();
        await child.WaitForExitAsync(Token);
    }
}
