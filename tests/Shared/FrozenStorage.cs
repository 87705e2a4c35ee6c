namespace Redoubt.Tests;

/// <summary>A file system of its own that can be frozen: then it answers whoever reads, and keeps whoever writes waiting.</summary>
internal sealed class FrozenStorage : IAsyncDisposable
{
    private bool _isFrozen;

    private FrozenStorage(string directory) => FullPath = directory;

    /// <summary>Where it is mounted.</summary>
    public string FullPath { get; }

    /// <summary>Makes one and mounts it over a directory. Skips the test where that can't be had.</summary>
    public static async Task<FrozenStorage> AtAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var image = directory + ".img";
        await using (var file = new FileStream(image, FileMode.CreateNew))
        {
            file.SetLength(256 << 20);
        }

        Assert.SkipUnless(
            await Programs.RunAsync("mkfs.ext4", "-q", "-F", image)
                && await Programs.RunAsync("mount", "-o", "loop", image, directory), "mounting is not permitted here");
        return new(directory);
    }

    public async Task FreezeAsync()
    {
        Assert.True(await Programs.RunAsync("fsfreeze", "-f", FullPath));
        _isFrozen = true;
    }

    public async Task ThawAsync()
    {
        Assert.True(await Programs.RunAsync("fsfreeze", "-u", FullPath));
        _isFrozen = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isFrozen)
        {
            await ThawAsync();
        }

        // Lazily, so that a test that failed leaves no mount behind though something on it is still open.
        await Programs.RunAsync("umount", "-l", FullPath);
    }
}
