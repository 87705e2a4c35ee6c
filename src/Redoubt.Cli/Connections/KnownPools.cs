using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Cli.Connections;

/// <summary>
/// Remembers the certificate of each server from the first connection on, as ssh remembers host keys, since pools make their own
/// certificates. One line for each server: <c>host:port</c>, a space, the SHA-256 of the certificate.
/// </summary>
internal sealed class KnownPools(string file, TextWriter messages)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Lock gate = new();

    /// <summary>Why the last certificate was refused; null if none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The file in the user's home, in whose directory nothing need have been kept before.</summary>
    public static string DefaultFile { get; } =
        Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "redoubt",
            "known-pools");

    /// <summary>Whether this is the certificate that the server had the first time, or this is the first time.</summary>
    public bool Accept(string server, X509Certificate2 certificate)
    {
        var fingerprint = Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
        lock (gate)
        {
            var known = Find(server);
            if (known == fingerprint)
            {
                return true;
            }

            if (known is not null)
            {
                Refusal = $"""
                    The certificate of {server} has changed. Somebody may be between you and the pool, or the pool was set up anew.
                    Known:   {known}
                    Offered: {fingerprint}
                    If the change is right, remove the line of {server} from {file} and connect again.
                    """;
                return false;
            }

            Add(server, fingerprint);
            messages.WriteLine(
                $"First connection to {server}: its certificate is trusted from now on (SHA-256 {fingerprint}, kept in {file}).");
            return true;
        }
    }

    private string? Find(string server) => !File.Exists(file)
        ? null
        : File.ReadLines(file).Select(line => line.Split(' ')).FirstOrDefault(parts => parts.Length == 2 && parts[0] == server)?[1];

    // Appending one short line is atomic enough for two commands that start at once: both lines say the same.
    private void Add(string server, string fingerprint)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var stream = new FileStream(
            file, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        using var writer = new StreamWriter(stream);
        writer.Write($"{server} {fingerprint}\n");
    }
}
