using System.Text.Json;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The keys to the secrets in the pool's metadata: its own, drawn at the first start, and those that operators brought from other pools.
/// They lie in the daemon's directory and never in the database, which travels to other sites.
/// </summary>
internal sealed class PoolKeys
{
    private const string FileName = "pool-keys.json";
    private const int LeastPassphrase = 12;

    private readonly KeptFile<HeldKeys> _held;
    private readonly TimeProvider _time;
    private volatile KeyRing _ring;

    private PoolKeys(KeptFile<HeldKeys> held, TimeProvider time) => (_held, _time, _ring) = (held, time, RingOf(held.Value));

    /// <summary>The keys as they are now.</summary>
    public KeyRing Ring => _ring;

    /// <summary>What is kept of them.</summary>
    public HeldKeys Held => _held.Value;

    /// <summary>Reads the keys of a directory, drawing one where there is none.</summary>
    /// <exception cref="InvalidDataException">The file can't be used; nothing was changed.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static PoolKeys Open(PoolFiles files, TimeProvider time)
    {
        var held = Kept(files);
        if (held.Value.Keys.IsEmpty)
        {
            var key = PoolKey.Create();
            held.Change(_ => new(key.Id, [new(key.Id, key.Export(), "", "", time.GetUtcNow())], []));
        }

        return new(held, time);
    }

    /// <summary>Checks the file of a directory.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static void Check(string directory) => Kept(new(directory));

    /// <summary>Wraps the own key, and those of before, for a recipient.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: no recipient, or a passphrase that is too short.</exception>
    public string Export(string recipient, string passphrase, string pool, string poolName)
    {
        RequireWord("recipient", recipient);
        if (passphrase.Length < LeastPassphrase)
        {
            throw new XenApiException(
                "INVALID_VALUE", "passphrase",
                $"(shorter than {LeastPassphrase} characters; whoever finds the file can try as many as they like)");
        }

        var held = Held;
        var keys = held.Keys.Where(k => k.Pool.Length == 0 || k.Pool == pool)
            .Select(k => k with { Pool = pool, PoolName = poolName }).ToList();
        var text = WrappedKeys.Write(keys, pool, poolName, recipient, passphrase, _time.GetUtcNow());
        _held.Change(h => h with { Exports = [.. h.Exports.Where(e => e.Recipient != recipient), new(recipient, held.Own, _time.GetUtcNow())] });
        return text;
    }

    /// <summary>Takes keys in; durable when it returns.</summary>
    /// <returns>The keys of the file, with whether each is new here.</returns>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it is no export, or the passphrase is wrong.</exception>
    public IReadOnlyList<(HeldKey Key, bool IsNew)> Import(string content, string passphrase)
    {
        IReadOnlyList<HeldKey> keys;
        try
        {
            keys = WrappedKeys.Read(content, passphrase, _time.GetUtcNow());
        }
        catch (InvalidDataException unusable)
        {
            throw new XenApiException(unusable, "INVALID_VALUE", "key", $"({unusable.Message})");
        }

        var before = Ring;
        _held.Change(held => keys.All(k => held.Keys.Any(h => h.Id == k.Id)) ? held : held with { Keys = [.. held.Keys, .. keys.Where(k => held.Keys.All(h => h.Id != k.Id))] });
        _ring = RingOf(_held.Value);
        return [.. keys.Select(k => (k, !before.Has(k.Id)))];
    }

    /// <summary>Draws another key to seal with from now on; the ones of before still open. Durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public string Rotate(string pool, string poolName)
    {
        var key = PoolKey.Create();
        _held.Change(held => held with { Own = key.Id, Keys = [.. held.Keys, new(key.Id, key.Export(), pool, poolName, _time.GetUtcNow())] });
        _ring = RingOf(_held.Value);
        return key.Id;
    }

    private static void RequireWord(string name, string value)
    {
        if (string.IsNullOrWhiteSpace(value) || value.Length > 200 || value.Any(char.IsControl))
        {
            throw new XenApiException("INVALID_VALUE", name, BriefText.Of(value));
        }
    }

    private static KeptFile<HeldKeys> Kept(PoolFiles files) => KeptFile<HeldKeys>.Open(
        files,
        FileName,
        new("", [], []),
        content => Checked(JsonSerializer.Deserialize<HeldKeys>(content)!),
        held => JsonSerializer.SerializeToUtf8Bytes(held));

    private static HeldKeys Checked(HeldKeys held)
    {
        if (held is not { Own: not null, Keys.IsDefaultOrEmpty: false, Exports.IsDefault: false }
            || held.Keys.Any(k => k is not { Key: not null, Pool: not null, PoolName: not null } || new PoolKey(k.Key).Id != k.Id))
        {
            throw new FormatException("a key lacks a part, or is damaged");
        }

        return held.Keys.Any(k => k.Id == held.Own) ? held : throw new FormatException("the pool's own key is not among the keys");
    }

    private static KeyRing RingOf(HeldKeys held) => new(
        new PoolKey(held.Keys.First(k => k.Id == held.Own).Key), held.Keys.Select(k => new PoolKey(k.Key)));
}
