using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Redoubt.XenApi;

/// <summary>
/// What in a pool's database is a secret: the one table of it. It decides what is sealed where the database leaves the daemon's memory, and
/// what is hidden from a role that has no use for it.
/// </summary>
public static partial class SecretFields
{
    /// <summary>What stands in the place of a secret for whoever may not see it.</summary>
    public const string Masked = "(secret)";

    // Fields that are a secret as a whole. Those that only refer to one (pool.repository_proxy_password, VTPM.contents) hold a reference.
    private static readonly FrozenSet<string> Wholes = new[] { "secret.value", "Cluster.cluster_token" }.ToFrozenSet();

    // Maps that say how something is reached. The keys under which XenServer's drivers take passwords are many, and one value too many
    // hidden costs an operator a minute.
    private static readonly FrozenSet<string> Connections = new[]
    {
        "PBD.device_config", "SR.sm_config", "host.external_auth_configuration", "host.power_on_config", "host.license_server",
        "VMPP.archive_target_config",
        "VMPP.alarm_config",
    }.ToFrozenSet();

    // What a genuine xapi reads to attach storage, switch on hosts and start a VM with a TPM.
    private static readonly FrozenSet<string> NeededByXapi = new[]
    {
        "secret.value", "Cluster.cluster_token", "PBD.device_config", "SR.sm_config", "VDI.sm_config", "host.power_on_config",
        "host.external_auth_configuration", "VMPP.archive_target_config", "VMPP.alarm_config",
    }.ToFrozenSet();

    private static readonly SearchValues<string> ConnectionWords =
        SearchValues.Create(
            ["pass", "pwd", "secret", "chap", "token", "cred", "private", "auth", "key"], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> NamedWords = SearchValues.Create(
        ["password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "privatekey", "accesskey", "apikey", "authkey"],
        StringComparison.OrdinalIgnoreCase);

    // Whole words at the end of a key: "ceph_key", "sshKey", "key"; not "monkey".
    private static readonly string[] NamedEnds = ["key", "pass", "pwd", "pw", "pin", "cred", "creds"];

    // Options in one value, as mount takes them.
    private static readonly SearchValues<string> Assignments =
        SearchValues.Create(["password=", "passwd=", "pass=", "passphrase=", "secret=", "token="], StringComparison.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, ImmutableArray<SecretField>> ByClass = DataModel.Classes.Values
        .ToFrozenDictionary(c => c.Name, c => c.AllFields.Select(f => Find(c, f)).OfType<SecretField>().ToImmutableArray());

    /// <summary>The fields of a class that may hold secrets.</summary>
    public static ImmutableArray<SecretField> Of(ClassModel model) => ByClass[model.Name];

    /// <summary>The record as a role may see it; the same object if it may see all of it.</summary>
    public static Record Mask(Record record, Role role)
    {
        if (role >= Role.PoolOperator)
        {
            return record;
        }

        foreach (var secret in Of(record.DeclaredClass))
        {
            record = role >= secret.LowestReader ? record : secret.Replace(record, (_, value) => SealedText.Is(value) ? value : Masked);
        }

        return record;
    }

    /// <summary>Whether what stands under this key of a connection may be a secret, going by the key alone.</summary>
    public static bool IsConnectionKey(string key) => key.AsSpan().ContainsAny(ConnectionWords);

    /// <summary>Whether an address has a login in it: <c>//user:password@server/share</c>.</summary>
    public static bool HasLogin(string value) => value.Contains('@', StringComparison.Ordinal) && Login().IsMatch(value);

    /// <summary>The value with the login of an address replaced.</summary>
    public static string WithoutLogin(string value, string mask) => Login().Replace(value, $"//{mask}@");

    internal static bool IsConnectionSecret(string key, string value) =>
        IsConnectionKey(key) ? !IsReference(key, value) : HasSecretInside(value);

    internal static bool IsNamedSecret(string key, string value) => IsNamedKey(key) ? !IsReference(key, value) : HasSecretInside(value);

    private static bool IsNamedKey(string key)
    {
        // The fingerprint of the pool's public key is for everybody to compare.
        if (key == Marks.MetadataKey || key.Contains("public", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        if (key.AsSpan().ContainsAny(NamedWords))
        {
            return true;
        }

        foreach (var end in NamedEnds)
        {
            if (key.EndsWith(end, StringComparison.OrdinalIgnoreCase) && IsWord(key, key.Length - end.Length))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsWord(string key, int start) =>
        start == 0 || !char.IsLetter(key[start - 1]) || (char.IsUpper(key[start]) && char.IsLower(key[start - 1]));

    // "chappassword_secret" and its like hold the UUID of a secret, which is none.
    private static bool IsReference(string key, string value) =>
        key.Contains("secret", StringComparison.OrdinalIgnoreCase) && Guid.TryParseExact(value, "D", out _);

    /// <summary>Whether a value that is no secret as a whole has one in it: a login in an address, a password among options.</summary>
    public static bool HasSecretInside(string value) => HasLogin(value) || HasOption(value);

    /// <summary>Whether a value has a password among options: <c>username=x,password=y</c>.</summary>
    public static bool HasOption(string value) => value.AsSpan().ContainsAny(Assignments);

    private static SecretField? Find(ClassModel model, FieldModel field)
    {
        var name = $"{model.Name}.{field.Name}";
        var isText = field.Type == XenTypes.String;
        var isMap = field.Type is IMapType map && map.Key == XenTypes.String && map.Value == XenTypes.String;
        return isText && Wholes.Contains(name) ? new(model, field, SecretKind.Whole, NeededByXapi.Contains(name))
            : isMap && Connections.Contains(name) ? new(model, field, SecretKind.Connection, NeededByXapi.Contains(name))

            // A map that clients write may hold anything; what the server alone writes holds what the server knows.
            : isMap && field.Access is FieldAccess.ReadWrite or FieldAccess.Constructor
                ? new(model, field, SecretKind.Named, NeededByXapi.Contains(name))
            : null;
    }

    // Up to the last @ before the path, since a password may hold one.
    [GeneratedRegex("//[^/]*@", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Login();
}
