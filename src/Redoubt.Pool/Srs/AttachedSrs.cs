using System.Collections.Concurrent;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The SRs that a host has attached, by the SR's UUID.</summary>
public sealed class AttachedSrs : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ISr> _srs = new();

    /// <summary>Every attached SR.</summary>
    public IEnumerable<ISr> All => _srs.Values;

    /// <summary>The attached SR of this UUID, or null.</summary>
    public ISr? Find(string uuid) => _srs.GetValueOrDefault(uuid);

    /// <summary>The attached SR of this record.</summary>
    /// <exception cref="XenApiException"><c>SR_NOT_ATTACHED</c>: this host has it not attached.</exception>
    public ISr Get(Ref<SrRecord> reference, SrRecord sr) => Find(sr.Uuid) ?? throw new XenApiException("SR_NOT_ATTACHED", reference.Opaque);

    /// <summary>Notes an SR that has been attached.</summary>
    public void Add(ISr sr) => _srs[sr.Uuid.ToString()] = sr;

    /// <summary>Puts another attachment of an SR in place of the one there was, and lets that one go.</summary>
    public async Task SwapAsync(ISr sr)
    {
        _srs.TryGetValue(sr.Uuid.ToString(), out var old);
        _srs[sr.Uuid.ToString()] = sr;
        if (old is not null)
        {
            await old.DetachAsync(CancellationToken.None);
        }
    }

    /// <summary>Forgets them, of a host that has to be asked anew.</summary>
    public void Clear() => _srs.Clear();

    /// <summary>Lets an SR go.</summary>
    public async Task DetachAsync(string uuid, CancellationToken cancellationToken)
    {
        if (_srs.TryRemove(uuid, out var sr))
        {
            await sr.DetachAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var uuid in _srs.Keys)
        {
            await DetachAsync(uuid, CancellationToken.None);
        }
    }
}
