using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keys of storage in device configurations. As in xapi they lie in secrets, and the configuration says which; a key that is given in clear
/// is put into one. A secret that was made like this goes with the last configuration that names it.
/// </summary>
internal static class DeviceSecrets
{
    private const string Ending = "_secret";

    // What drivers here take as a secret.
    private static readonly ImmutableArray<string> Keys = ["key"];

    /// <summary>The configuration as it is kept.</summary>
    public static ImmutableSortedDictionary<string, string> Keep(Transaction tx, ImmutableSortedDictionary<string, string> config)
    {
        foreach (var key in Keys.Where(config.ContainsKey))
        {
            var secret = new SecretRecord
            {
                Uuid = tx.NewUuid(),
                Value = config[key],
                OtherConfig = new SecretRecord().OtherConfig.SetItem(Marks.DeviceSecret, "true"),
            };
            tx.Create(secret);
            config = config.Remove(key).SetItem($"{key}{Ending}", secret.Uuid);
        }

        return config;
    }

    /// <summary>The configuration as a driver takes it.</summary>
    /// <exception cref="XenApiException">A secret is not there, or sealed with a key that is not.</exception>
    public static IReadOnlyDictionary<string, string> Open(DatabaseState state, IReadOnlyDictionary<string, string> config)
    {
        if (!config.Keys.Any(IsReference))
        {
            return config;
        }

        var opened = config.Where(c => !IsReference(c.Key)).ToDictionary(c => c.Key, c => c.Value);
        foreach (var (name, uuid) in config.Where(c => IsReference(c.Key)))
        {
            var key = name[..^Ending.Length];
            opened[key] = state.Find(state.FindByUuid<SecretRecord>(uuid)) switch
            {
                null => throw Refused(
                    $"device-config:{name} names no secret of this pool: make one with the key in it (secret-create), or give "
                        + $"device-config:{key}."),
                var secret when SealedText.Is(secret.Value) => throw Refused(
                    $"The secret {uuid} that device-config:{name} names is sealed with a key that this pool lacks: import it "
                        + "(pool-key-import), or give the secret its value (secret-param-set)."),
                var secret => secret.Value,
            };
        }

        return opened;
    }

    /// <summary>Removes what was made for a connection that is about to go, if no other one has it.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="pbd">The connection.</param>
    /// <param name="next">The configuration that it gets instead, and whose secrets stay; null: none.</param>
    public static void Drop(Transaction tx, Ref<PbdRecord> pbd, ImmutableSortedDictionary<string, string>? next = null)
    {
        var named = tx.Get(pbd).DeviceConfig.Where(c => IsReference(c.Key)).Select(c => c.Value);
        foreach (var uuid in named.Where(u => next?.ContainsValue(u) != true))
        {
            var secret = tx.State.FindByUuid<SecretRecord>(uuid);
            if (tx.Find(secret)?.OtherConfig.ContainsKey(Marks.DeviceSecret) == true
                && !tx.State.All<PbdRecord>().Any(p => p.Ref != pbd && p.Record.DeviceConfig.ContainsValue(uuid)))
            {
                tx.Delete(secret);
            }
        }
    }

    private static bool IsReference(string key) => key.EndsWith(Ending, StringComparison.Ordinal);

    private static XenApiException Refused(string sentence) => new("SR_BACKEND_FAILURE_1", "", sentence, "");
}
