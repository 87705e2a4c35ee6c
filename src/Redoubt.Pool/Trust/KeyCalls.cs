using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The keys to the secrets in the pool's metadata, and the secrets that no key here opens.</summary>
internal sealed partial class KeyCalls(PoolServices pool)
{
    [Message("pool.export_key")]
    public string Export(CallContext call, Ref<PoolRecord> self, string recipient, string passphrase)
    {
        var own = Own(call, self);
        return pool.Keys.Export(recipient, passphrase, own.Uuid, own.NameLabel);
    }

    [Message("pool.import_key")]
    public async Task<ImmutableList<ImmutableSortedDictionary<string, string>>> ImportAsync(
        CallContext call, Ref<PoolRecord> self, string key, string passphrase)
    {
        Own(call, self);

        // Off the caller's thread: a passphrase is made into a key slowly, on purpose.
        var keys = await Task.Run(() => pool.Keys.Import(key, passphrase), call.Cancellation);
        var opened = await OpenAsync();
        return [.. keys.Select(k => Text(("id", k.Key.Id), ("pool", k.Key.Pool), ("pool-name", k.Key.PoolName), ("new", k.IsNew ? "true" : "false"), ("opened", $"{opened}")))];
    }

    [Message("pool.rotate_key")]
    public async Task<string> RotateAsync(CallContext call, Ref<PoolRecord> self)
    {
        var own = Own(call, self);
        var id = pool.Keys.Rotate(own.Uuid, own.NameLabel);
        try
        {
            await pool.WriteWholeAsync(call.Cancellation, times: 2);
        }
        catch (XenApiException e)
        {
            throw new XenApiException(
                e,
                e.Code,
                $"The pool seals with key {id} from now on. {e.Parameters[0]}. Make new exports, and write the others (pool-sync-database) "
                    + "when their storage answers");
        }

        return id;
    }

    [Message("pool.get_keys")]
    public ImmutableList<ImmutableSortedDictionary<string, string>> GetKeys(CallContext call, Ref<PoolRecord> self)
    {
        var (own, held) = (Own(call, self), pool.Keys.Held);
        return
        [
            .. held.Keys.Select(k => Text(
                ("id", k.Id),
                ("use", k.Id == held.Own ? "own" : k.Pool.Length == 0 || k.Pool == own.Uuid ? "before" : "imported"),
                ("pool", k.Pool.Length == 0 ? own.Uuid : k.Pool),
                ("pool-name", k.Pool.Length == 0 ? own.NameLabel : k.PoolName),
                ("since", MomentText.Of(k.Since)),
                ("exported-to", string.Join("; ", held.Exports.Where(e => e.KeyId == k.Id).Select(e => $"{e.Recipient} ({MomentText.Of(e.At)})"))))),
        ];
    }

    [Message("pool.get_closed_secrets")]
    public static ImmutableList<ImmutableSortedDictionary<string, string>> GetClosedSecrets(CallContext call, Ref<PoolRecord> self)
    {
        _ = call.State.Get(self);
        var owners = new SecretOwners(call.State);
        return
        [
            .. ClosedSecret.Of(call.State).Select(c => (Closed: c, Owner: owners.Of(c)))
                .Select(c => Text(
                    ("class", c.Owner.Class), ("uuid", c.Owner.Uuid), ("name", c.Owner.Name),
                    ("field", $"{c.Closed.Class.Name}.{c.Closed.Field}"), ("key", c.Closed.KeyId)))
                .OrderBy(c => c["class"], StringComparer.Ordinal).ThenBy(c => c["uuid"], StringComparer.Ordinal)
                    .ThenBy(c => c["field"], StringComparer.Ordinal),
        ];
    }

    /// <summary>Opens in this pool's own database what can be opened by now.</summary>
    private Task<int> OpenAsync() => pool.Database.WriteAsync(
        tx =>
        {
            var opened = 0;
            var ring = pool.Keys.Ring;
            foreach (var row in ClosedSecret.Of(tx.State).Where(c => ring.Has(c.KeyId)).Select(c => (c.Class, c.Ref)).Distinct().ToList())
            {
                tx.Update(row.Class, row.Ref, record =>
                {
                    var now = ring.Open(record);
                    opened += ReferenceEquals(now, record) ? 0 : 1;
                    return now;
                });
            }

            return opened;
        },
        CancellationToken.None);

    private PoolRecord Own(CallContext call, Ref<PoolRecord> self) => call.Session.Foreign is null
        ? pool.State.Get(self)
        : throw new XenApiException(
            "OPERATION_NOT_ALLOWED", "The keys are this pool's, and the session is on another pool's database. Log in to the pool itself.");

    private static ImmutableSortedDictionary<string, string> Text(params ReadOnlySpan<(string Key, string Value)> pairs)
    {
        var text = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            text[key] = value;
        }

        return text.ToImmutable();
    }
}
