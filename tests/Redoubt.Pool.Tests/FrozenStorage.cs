using System.Diagnostics;

namespace Redoubt.Pool.Tests;

/// <summary>A file system of its own that can be frozen: then it answers whoever reads, and keeps whoever writes waiting.</summary>
internal sealed class FrozenStorage : IDisposable
{
    private readonly string _directory;
    private bool _isFrozen;

    private FrozenStorage(string directory) => _directory = directory;

    /// <summary>Makes one and mounts it over a directory. Skips the test where that can't be had.</summary>
    public static FrozenStorage At(string directory)
    {
        Directory.CreateDirectory(directory);
        var image = directory + ".img";
        using (var file = new FileStream(image, FileMode.CreateNew))
        {
            file.SetLength(64 << 20);
        }

        Assert.SkipUnless(Run("mkfs.ext4", "-q", "-F", image) && Run("mount", "-o", "loop", image, directory), "mounting is not permitted here");
        return new(directory);
    }

    public void Freeze()
    {
        Assert.True(Run("fsfreeze", "-f", _directory));
        _isFrozen = true;
    }

    public void Thaw()
    {
        Assert.True(Run("fsfreeze", "-u", _directory));
        _isFrozen = false;
    }

    public void Dispose()
    {
        if (_isFrozen)
        {
            Thaw();
        }

        Run("umount", "-l", _directory);
    }

    /// <summary>Runs a program; whether it ended well.</summary>
    public static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
