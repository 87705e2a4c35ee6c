using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// How a host that was left behind comes back under another coordinator of its pool, which has begun anew without it. Nobody has a session
/// or a password for that; what the two have in common is the key of the authority that both of them knew.
/// <code>
///  member                                                    coordinator
///    │  looks at its certificate ──────────────────────────────► │
///    │  who I am, the certificate that I see, my proof ────────► │  the certificate is mine, the proof is of our key
///    │ ◄───────────── what a host that joins is given, its proof │
///    │  the proof is of our key
/// </code>
/// Each proof is of the key and of all that is said, the certificate with it, so that nobody in between can have it for another connection.
/// </summary>
internal static class Readmission
{
    /// <summary>The path under which a coordinator is asked.</summary>
    public const string Path = "/members/readmit";

    /// <summary>The path under which a member is told of a coordinator.</summary>
    public const string FollowPath = "/members/follow";

    /// <summary>The longest question.</summary>
    public const int MaxBytes = 16 << 10;

    private const string Proof = "proof";
    private const string Seen = "certificate";
    private const string Coordinator = "coordinator";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Asks a coordinator.</summary>
    /// <exception cref="XenApiException">It refuses, does not answer, or is no coordinator of this pool.</exception>
    public static async Task<(PoolMembership Membership, ImmutableSortedDictionary<string, string> Given)> AskAsync(
        string dataDirectory, PoolMembership own, string coordinator, TimeProvider time, CancellationToken cancellationToken)
    {
        var (url, address) = MemberCalls.Reach(coordinator);
        var local = await MemberCalls.OwnAddressAsync(url, cancellationToken);
        var secret = Secrets(dataDirectory, own.Pool).First();
        string? seen = null;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new()
            {
                // Whoever it is, it is to be the same from the first look on.
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown is X509Certificate2 certificate && (seen ??= Thumbprint(certificate)) == Thumbprint(certificate),
            },
        })
        {
            Timeout = Limit,
        };
        try
        {
            using var look = await http.GetAsync(new Uri(url, "/health"), cancellationToken);
            var asked = ImmutableSortedDictionary<string, string>.Empty
                .Add("uuid", own.Host).Add("cpu_count", "1").Add("address", local)
                .Add("port", own.Port.ToString(CultureInfo.InvariantCulture)).Add("coordinator_address", address)
                .Add(MemberCalls.Version, ProductVersion.Current)
                .Add(Seen, seen!).Add("nonce", Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
            using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(Prove(secret, asked)));
            body.Headers.ContentType = new("application/json");
            using var answer = await http.PostAsync(new Uri(url, Path), body, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    answer.StatusCode == HttpStatusCode.Conflict
                        ? await answer.Content.ReadAsStringAsync(cancellationToken)
                        : $"{coordinator} does not coordinate the pool of this host, or does not know of it.");
            }

            var given = await answer.Content.ReadFromJsonAsync<ImmutableSortedDictionary<string, string>>(cancellationToken);
            // The pool is in no question: one that is sent back as it came is no answer.
            if (given is null || given.GetValueOrDefault("nonce") != asked["nonce"]
                || given.GetValueOrDefault(MemberCalls.PoolUuid) != own.Pool || !IsProved(secret, given))
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", $"What answers at {coordinator} is no host of this pool.");
            }

            return (PoolMembership.Of(own.Host, local, own.Port, given), given);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or NotSupportedException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new XenApiException(e, "OPERATION_NOT_ALLOWED", $"{coordinator} does not answer as a coordinator does: {e.Message}");
        }
    }

    /// <summary>Tells a host that was left behind which coordinator to ask. Answers whether it has become one of the pool.</summary>
    public static async Task<bool> TellAsync(
        string dataDirectory, string poolUuid, string address, string coordinator, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            // Nothing that it is told is a secret, and what it does then it does only for a host of its pool.
            SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        })
        {
            Timeout = Limit,
        };
        foreach (var secret in Secrets(dataDirectory, poolUuid))
        {
            var told = Prove(secret, ImmutableSortedDictionary<string, string>.Empty.Add(Coordinator, coordinator));
            using var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(told));
            body.Headers.ContentType = new("application/json");
            try
            {
                using var answer = await http.PostAsync(new Uri($"https://{address}{FollowPath}"), body, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is HttpRequestException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // It is off.
                return false;
            }
        }

        return false;
    }

    /// <summary>The coordinator that a host of this pool says is to be asked; <see langword="null"/>: it is no such host.</summary>
    public static string? FindCoordinator(string dataDirectory, string poolUuid, ImmutableSortedDictionary<string, string> told) =>
        told.TryGetValue(Coordinator, out var coordinator) && Secrets(dataDirectory, poolUuid).Any(s => IsProved(s, told))
            ? coordinator
            : null;

    /// <summary>What a host that asks says of itself, if it shows that it was of this pool.</summary>
    /// <param name="dataDirectory">The daemon's directory.</param>
    /// <param name="poolUuid">The pool's UUID.</param>
    /// <param name="asked">What was asked.</param>
    /// <param name="isOwn">Whether a certificate, by its SHA-256, is this server's.</param>
    /// <returns>The secret that the two have in common; <see langword="null"/>: it shows nothing of the kind.</returns>
    public static byte[]? FindSecret(
        string dataDirectory, string poolUuid, ImmutableSortedDictionary<string, string> asked, Func<string, bool> isOwn) =>
        asked.TryGetValue(Seen, out var seen) && isOwn(seen)
            ? Secrets(dataDirectory, poolUuid).FirstOrDefault(s => IsProved(s, asked))
            : null;

    /// <summary>Puts a proof to what is said.</summary>
    public static ImmutableSortedDictionary<string, string> Prove(byte[] secret, ImmutableSortedDictionary<string, string> said) =>
        said.SetItem(Proof, Convert.ToHexString(Sum(secret, said)));

    /// <summary>A certificate's SHA-256.</summary>
    public static string Thumbprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private static bool IsProved(byte[] secret, ImmutableSortedDictionary<string, string> said) =>
        said.GetValueOrDefault(Proof) is { } proof
        && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(proof), Encoding.ASCII.GetBytes(Convert.ToHexString(Sum(secret, said))));

    private static byte[] Sum(byte[] secret, ImmutableSortedDictionary<string, string> said) =>
        HMACSHA256.HashData(secret, JsonSerializer.SerializeToUtf8Bytes(said.Remove(Proof)));

    /// <summary>
    /// Of each authority of the pool that this host knows or knew, the present one first. Those of another pool, which it was of before,
    /// prove nothing here.
    /// </summary>
    private static IEnumerable<byte[]> Secrets(string dataDirectory, string poolUuid) =>
        Directory.GetDirectories(dataDirectory, "members*").Order(StringComparer.Ordinal).Where(d => IsOf(d, poolUuid))
            .Select(d => System.IO.Path.Combine(d, MemberFiles.AuthorityKey)).Where(File.Exists)
            .Select(key => HMACSHA256.HashData(File.ReadAllBytes(key), "redoubt readmission"u8));

    private static bool IsOf(string membersDirectory, string poolUuid)
    {
        try
        {
            return PoolMembership.In(membersDirectory)?.Pool == poolUuid;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
