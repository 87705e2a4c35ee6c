using System.Collections.Concurrent;

namespace Redoubt.Compute.Libvirt;

/// <summary>
/// The connections to one hypervisor: one that hears its events, and those that calls are made on.
/// </summary>
/// <remarks>
/// The client within libvirt crashes where a connection to another process is given up while several threads have calls under way on it
/// (seen with 9.0: twelve threads, a libvirtd that is stopped, and keepalives that end it). So a call there has a connection that no other
/// thread uses meanwhile, and the one with events and keepalives carries none. Within this process there is one for everything; so it is
/// with the test driver, for which a connection is a host of its own.
/// </remarks>
internal sealed class LibvirtConnections(string uri, LibvirtConnection first, bool isShared) : IDisposable
{
    private readonly ConcurrentBag<LibvirtConnection> _idle = [];
    private volatile bool _isBroken;
    private volatile bool _isClosed;

    /// <summary>Whether one is there for everything.</summary>
    internal bool IsShared => isShared;

    /// <summary>Whether the hypervisor is there, as far as is known without asking it.</summary>
    internal bool IsAlive => !_isBroken && first.IsAlive();

    /// <summary>Makes a call, on the caller's thread.</summary>
    internal T Use<T>(Func<LibvirtConnection, T> call)
    {
        if (isShared)
            return call(first);
        var connection = Take();
        try
        {
            return call(connection);
        }
        finally
        {
            GiveBack(connection);
        }
    }

    /// <summary>Lets them go. One that a call is under way on is let go by that call. Guests are not touched by that.</summary>
    public void Dispose()
    {
        _isClosed = true;
        DropIdle();
        first.Dispose();
    }

    private LibvirtConnection Take()
    {
        while (_idle.TryTake(out var connection))
        {
            if (connection.IsAlive())
                return connection;
            connection.Dispose();
        }

        try
        {
            return LibvirtConnection.Open(uri);
        }
        catch (LibvirtException)
        {
            _isBroken = true;
            throw;
        }
    }

    private void GiveBack(LibvirtConnection connection)
    {
        if (!connection.IsAlive())
        {
            _isBroken = true;
            connection.Dispose();
            return;
        }

        _idle.Add(connection);
        if (_isClosed)
            DropIdle();
    }

    private void DropIdle()
    {
        while (_idle.TryTake(out var connection))
            connection.Dispose();
    }
}
