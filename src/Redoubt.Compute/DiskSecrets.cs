using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Redoubt.Compute.Libvirt;
using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>
/// The keys of a guest's disks on the network, as secrets of libvirt for as long as it takes to start the guest: QEMU has them in its
/// memory from then on. So they are on no command line, in no description of a domain and in no log.
/// </summary>
internal sealed class DiskSecrets : IDisposable
{
    private static readonly Lock Gate = new();

    private static LibvirtConnection? _embedded;

    private readonly List<SecretHandle> _made = [];
    private readonly LibvirtConnection? _own;
    private readonly EmbeddedSecrets? _lent;

    private DiskSecrets(LibvirtConnection? own) => (_own, _lent) = (own, own?.LendSecrets());

    /// <summary>The UUID of the secret with the key of a disk.</summary>
    public static Guid UuidOf(Guid domain, int device)
    {
        // RFC 9562, version 8: the bits are what we make them of.
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"{domain:D}/{device}")).AsSpan(0, 16);
        (bytes[6], bytes[8]) = ((byte)((bytes[6] & 0x0f) | 0x80), (byte)((bytes[8] & 0x3f) | 0x80));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Has libvirt know what a guest's disks take, until this is disposed of.</summary>
    public static DiskSecrets Define(HypervisorUri uri, LibvirtConnection connection, Guid domain, IEnumerable<DomainDisk> disks)
    {
        // Guests that are only pretended open no disk.
        var keys = disks.Where(d => uri.Kind != HypervisorKind.Test && d.Source is DiskSource.Network { Login: not null })
            .ToDictionary(d => d.Device, d => ((DiskSource.Network)d.Source!).Login!);

        var own = keys.Count > 0 && uri.Root is { } root ? Embedded(root) : null;
        DiskSecrets secrets;
        try
        {
            secrets = new DiskSecrets(own);
        }
        catch (EntryPointNotFoundException e)
        {
            throw new HypervisorException(
                HypervisorFailure.ConfigInvalid, domain.ToString("D"),
                "The libvirt within this process can't be given the keys of the VM's disks: its version is none that is known here.",
                "Let a libvirtd run the guests (--hypervisor qemu:///system).", e);
        }

        try
        {
            foreach (var (device, login) in keys)
            {
                // Not an ephemeral one within this process: 9.0 crashes over them, and over removing any, where no daemon is to be kept
                // from ending for them.
                var xml = new XElement(
                    "secret", new XAttribute("ephemeral", own is null ? "yes" : "no"), new XAttribute("private", "yes"),
                    new XElement("uuid", UuidOf(domain, device).ToString("D")),
                    new XElement("usage", new XAttribute("type", "ceph"), new XElement("name", $"redoubt {domain:D} {device}")));
                secrets._made.Add(
                    (own ?? connection).DefineSecret(xml.ToString(SaveOptions.DisableFormatting), Convert.FromBase64String(login.Key)));
            }
        }
        catch
        {
            secrets.Dispose();
            throw;
        }

        return secrets;
    }

    /// <summary>Has libvirt forget them.</summary>
    public void Dispose()
    {
        foreach (var secret in _made)
        {
            using (secret)
                Forget(secret);
        }

        _lent?.Dispose();
    }

    // Within this process libvirt's secrets are another driver's than its guests, on the same root, which can be opened once.
    private static LibvirtConnection Embedded(string root)
    {
        lock (Gate)
            return _embedded ??= LibvirtConnection.Open($"secret:///embed?root={Uri.EscapeDataString(root)}");
    }

    private unsafe void Forget(SecretHandle secret)
    {
        if (_own is null)
        {
            _ = Native.SecretUndefine(secret);
            return;
        }

        // What is left of it goes when the root is opened next.
        byte nothing = 0;
        _ = Native.SecretSetValue(secret, &nothing, 1, 0);
    }
}
