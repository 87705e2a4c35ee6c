using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Redoubt.XenApi;

namespace Redoubt.Storage.RbdDriver;

/// <summary>A pool of a Ceph cluster, as a device config leads there.</summary>
internal sealed partial record CephPool
{
    /// <summary>The key of the monitors: names or addresses, with their ports if wanted, after one another with commas.</summary>
    internal const string MonitorsKey = "monitors";

    /// <summary>The key of the pool.</summary>
    internal const string PoolKey = "pool";

    private const string UserKey = "user";
    private const string KeyKey = "key";

    // Set by whoever clones an SR for a test: the same pool, and apart from what lies there.
    private const string TestKey = "test";
    private const int UsualPort = 6789;

    /// <summary>The monitors.</summary>
    public required ImmutableArray<NetworkHost> Monitors { get; init; }

    /// <summary>The pool's name; empty while it is being looked for.</summary>
    public required string Name { get; init; }

    /// <summary>As whom; null where the cluster asks nobody.</summary>
    public required NetworkLogin? Login { get; init; }

    /// <summary>Whether it is what lies there for tests.</summary>
    public required bool IsForTests { get; init; }

    /// <summary>The monitors as Ceph's programs take them.</summary>
    public string Addresses => string.Join(',', Monitors.Select(m => $"{Bracketed(m.Name)}:{m.Port}"));

    /// <summary>For sentences.</summary>
    public string Place => $"the Ceph pool {Name} ({Addresses})";

    /// <summary>What an image in it is called for a hypervisor.</summary>
    public string NameOf(string image) => $"{Name}/{image}";

    /// <summary>Reads a device config.</summary>
    /// <param name="deviceConfig">The device config.</param>
    /// <param name="roots">Where storage may lie.</param>
    /// <param name="mayLackPool">Whether the pool is still being looked for.</param>
    /// <exception cref="XenApiException">It leads nowhere, or where storage may not lie.</exception>
    public static CephPool Parse(IReadOnlyDictionary<string, string> deviceConfig, HostRoots? roots, bool mayLackPool = false)
    {
        var monitors = Monitor(deviceConfig);
        var name = deviceConfig.GetValueOrDefault(PoolKey, "");
        if (name.Length == 0 && !mayLackPool)
            throw SrFailure.Backend(
                SrFailure.ConfigServerPathMissing,
                "device-config:pool is missing: set it to one of the cluster's pools (sr-probe lists them).");
        if (name.Length > 0 && !PoolForm().IsMatch(name))
            throw Wrong(PoolKey, name, "give the name of a pool: letters, digits, '.', '_' and '-'");
        foreach (var monitor in monitors)
        {
            var problem = name.Length > 0
                ? roots?.FindShareProblem(HostRoots.ShareOf(monitor.Name, $"/{name}")) : roots?.FindServerProblem(monitor.Name);
            if (problem is not null)
                throw SrFailure.Backend(SrFailure.InvalidArgument, $"device-config:{MonitorsKey} can't be used: {problem}.");
        }

        return new CephPool
        {
            Monitors = monitors,
            Name = name,
            Login = LoginOf(deviceConfig),
            IsForTests = deviceConfig.GetValueOrDefault(TestKey) == "true",
        };
    }

    private static ImmutableArray<NetworkHost> Monitor(IReadOnlyDictionary<string, string> deviceConfig)
    {
        var written = deviceConfig.GetValueOrDefault(MonitorsKey);
        if (string.IsNullOrEmpty(written))
            throw SrFailure.Backend(
                SrFailure.ConfigServerMissing,
                "device-config:monitors is missing: set it to the names or addresses of the Ceph cluster's monitors, as in "
                    + "\"mon1,mon2:3300\".");
        return [.. written.Split(',').Select(m => m.Trim()).Select(m => MonitorForm().Match(m) is { Success: true } read
            && ServerName.IsOne(read.Groups["host"].Value)
            && PortOf(read.Groups["port"].Value) is > 0 and var port
            ? new NetworkHost(read.Groups["host"].Value.Trim('[', ']'), port)
            : throw Wrong(MonitorsKey, m, "give names or addresses, as in \"mon1,mon2:3300,[fd00::3]\""))];
    }

    // 0 for none that there is.
    private static int PortOf(string written) => written.Length == 0 ? UsualPort
        : ushort.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0;

    private static NetworkLogin? LoginOf(IReadOnlyDictionary<string, string> deviceConfig)
    {
        var (user, key) = (deviceConfig.GetValueOrDefault(UserKey, ""), deviceConfig.GetValueOrDefault(KeyKey, ""));
        if (key.Length == 0)
            return user.Length == 0 ? null : throw SrFailure.Backend(
                SrFailure.InvalidArgument, $"device-config:user is '{XmlText.Clean(user)}' and has no key: give it as device-config:key, "
                    + "or name the secret with it as device-config:key_secret.");
        user = user.Length == 0 ? "admin" : user;
        if (!UserForm().IsMatch(user))
            throw Wrong(UserKey, user, "give the name without \"client.\"");
        return Convert.TryFromBase64String(key, new byte[key.Length], out var bytes) && bytes > 0
            ? new NetworkLogin(user, key)
            : throw SrFailure.Backend(
                SrFailure.InvalidArgument, "device-config:key is no key of Ceph: give what \"ceph auth get-key client.NAME\" says.");
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static XenApiException Wrong(string key, string value, string advice) =>
        SrFailure.Backend(SrFailure.InvalidArgument, $"device-config:{key} holds '{XmlText.Clean(value)}': {advice}.");

    [GeneratedRegex(
        @"^(?<host>\[[0-9A-Fa-f:.]{2,45}\]|[^:\[\]]{1,253})(?::(?<port>[0-9]{1,5}))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MonitorForm();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PoolForm();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UserForm();
}
