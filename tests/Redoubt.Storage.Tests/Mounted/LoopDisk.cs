using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.Tests.Mounted;

/// <summary>A block device on a file that is all holes.</summary>
internal sealed class LoopDisk : IAsyncDisposable
{
    private LoopDisk(string file, string device) => (Image, Device) = (file, device);

    /// <summary>The file behind it.</summary>
    public string Image { get; }

    /// <summary>The device.</summary>
    public string Device { get; }

    public static async Task<LoopDisk> OpenAsync(string file, long bytes, bool isReadOnly = false)
    {
        if (!File.Exists(file))
        {
            await using var made = File.Create(file);
            made.SetLength(bytes);
        }

        try
        {
            string[] words = ["--find", "--show", .. isReadOnly ? ["--read-only"] : Array.Empty<string>(), file];
            return new(file, (await RunAsync("losetup", words)).Trim());
        }
        catch (XenApiException e)
        {
            Assert.Skip($"A block device can't be made here: {e.Parameters[1]}");
            throw;
        }
    }

    public static Task<string> RunAsync(string program, params string[] words) =>
        new ChildProcess(TimeProvider.System, program).RunAsync(words, TimeSpan.FromMinutes(2), CancellationToken.None);

    /// <summary>What the kernel has written down, to the last byte.</summary>
    public async Task<string> DigestAsync()
    {
        await RunAsync("sync", Device);
        await using var content = File.OpenRead(Image);
        return Convert.ToHexString(await System.Security.Cryptography.SHA256.HashDataAsync(content, Sample.Token));
    }

    public async ValueTask DisposeAsync() => await RunAsync("losetup", "--detach", Device);
}
