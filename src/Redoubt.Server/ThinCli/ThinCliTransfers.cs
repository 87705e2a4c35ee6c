using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// The files that thin clients were told to bring or to fetch: each at an address of its own, which nobody can guess, once. Who holds the
/// address was told it on the connection that has logged in.
/// </summary>
internal sealed class ThinCliTransfers
{
    /// <summary>What the addresses begin with.</summary>
    public const string Path = "/cli/files/";

    private readonly ConcurrentDictionary<string, ThinCliTransfer> _expected = new();

    /// <summary>Expects one request. Disposing of the answer ends it, and with it the request.</summary>
    public ThinCliTransfer Expect(string method)
    {
        var path = Path + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        return _expected[path] = new ThinCliTransfer(method, path, () => _expected.TryRemove(path, out _));
    }

    /// <summary>What is expected at an address; from now on no more. Null: nothing is.</summary>
    public ThinCliTransfer? Take(string method, string? path) =>
        path is not null && _expected.TryGetValue(path, out var transfer) && transfer.Method == method && _expected.TryRemove(path, out _)
            ? transfer
            : null;
}
