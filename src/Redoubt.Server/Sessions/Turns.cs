using System.Net;

namespace Redoubt.Server.Sessions;

/// <summary>
/// Takes turns at something that costs much. Each address has one turn at a time, and waits for the next with its others: whoever asks a
/// thousand times at once holds up nobody elsewhere by more than one turn.
/// </summary>
/// <param name="atOnce">How many turns are taken at once.</param>
internal sealed class Turns(int atOnce) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(atOnce);
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, (SemaphoreSlim Own, int Waiting)> _addresses = [];

    /// <summary>Does something when it is this address's turn.</summary>
    public async Task<T> TakeAsync<T>(IPAddress address, Func<T> act, CancellationToken cancellationToken)
    {
        var own = Enter(address);
        try
        {
            await own.WaitAsync(cancellationToken);
            try
            {
                await _turns.WaitAsync(cancellationToken);
                try
                {
                    return await Task.Run(act, cancellationToken);
                }
                finally
                {
                    _turns.Release();
                }
            }
            finally
            {
                own.Release();
            }
        }
        finally
        {
            Leave(address);
        }
    }

    public void Dispose() => _turns.Dispose();

    private SemaphoreSlim Enter(IPAddress address)
    {
        lock (_gate)
        {
            var (own, waiting) = _addresses.TryGetValue(address, out var known) ? known : (new(1), 0);
            _addresses[address] = (own, waiting + 1);
            return own;
        }
    }

    private void Leave(IPAddress address)
    {
        lock (_gate)
        {
            var (own, waiting) = _addresses[address];
            if (waiting > 1)
            {
                _addresses[address] = (own, waiting - 1);
                return;
            }

            _addresses.Remove(address);
            own.Dispose();
        }
    }
}
