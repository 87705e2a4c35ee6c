using System.Diagnostics;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// Kills a daemon from outside as soon as it has changed a file of its own for the n-th time: its journal, the journal of its runs, what
/// libvirt notes of its guests, what lies in its work areas. The daemon has nothing that knows of this. The kill comes a moment after the
/// change, so what was to follow it may have begun.
/// </summary>
internal sealed class KillAt : IDisposable
{
    private readonly FileSystemWatcher[] _watchers;
    private readonly Process _daemon;
    private readonly int _at;
    private readonly Lock _gate = new();
    private int _seen;
    private bool _isOver;

    /// <param name="daemon">Whom.</param>
    /// <param name="directory">Its own directory.</param>
    /// <param name="storage">Where its SRs are: files that come and go there count as well, but not what guests write into them.</param>
    /// <param name="at">At which change; what is beyond all of them only counts.</param>
    public KillAt(Process daemon, string directory, string storage, int at)
    {
        (_daemon, _at) = (daemon, at);
        const NotifyFilters Names = NotifyFilters.FileName | NotifyFilters.DirectoryName;
        _watchers = [Watch(directory, Names | NotifyFilters.LastWrite | NotifyFilters.Size), Watch(storage, Names)];
    }

    /// <summary>How many changes there were.</summary>
    public int Seen => Volatile.Read(ref _seen);

    /// <summary>From here on nobody is killed, and who has been has ended.</summary>
    public void Dispose()
    {
        foreach (var watcher in _watchers)
        {
            watcher.Dispose();
        }

        lock (_gate)
        {
            _isOver = true;
        }

        if (Seen >= _at)
        {
            _daemon.WaitForExit();
        }
    }

    private FileSystemWatcher Watch(string directory, NotifyFilters what)
    {
        var watcher = new FileSystemWatcher(directory) { IncludeSubdirectories = true, InternalBufferSize = 64 << 10, NotifyFilter = what };
        watcher.Changed += See;
        watcher.Created += See;
        watcher.Deleted += See;
        watcher.Renamed += See;
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private void See(object sender, FileSystemEventArgs change)
    {
        // What guests say is none of the daemon's doing.
        if (change.Name is not { } name || name.StartsWith("consoles", StringComparison.Ordinal)
            || name.EndsWith(".log", StringComparison.Ordinal))
        {
            return;
        }

        lock (_gate)
        {
            if (!_isOver && ++_seen == _at)
            {
                _daemon.Kill();
            }
        }
    }
}
