using System.Runtime.InteropServices;

namespace Redoubt.Bench;

/// <summary>libvirt's own calls and nothing around them: the least that defining and starting domains can cost.</summary>
internal sealed partial class BareLibvirt : IDisposable
{
    private const string Library = "libvirt.so.0";

    private readonly nint _connection;

    public BareLibvirt(string uri)
    {
        _connection = ConnectOpen(uri);
        if (_connection == 0)
        {
            throw new InvalidOperationException($"libvirt does not open {uri}.");
        }
    }

    /// <summary>Defines a domain and starts it.</summary>
    public void DefineAndStart(string description)
    {
        var domain = DomainDefineXml(_connection, description);
        if (domain == 0 || DomainCreate(domain) != 0)
        {
            throw new InvalidOperationException($"libvirt refuses {description}");
        }

        _ = DomainFree(domain);
    }

    public void Dispose() => _ = ConnectClose(_connection);

    [LibraryImport(Library, EntryPoint = "virConnectOpen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ConnectOpen(string uri);

    [LibraryImport(Library, EntryPoint = "virConnectClose")]
    private static partial int ConnectClose(nint connection);

    [LibraryImport(Library, EntryPoint = "virDomainDefineXML", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint DomainDefineXml(nint connection, string description);

    [LibraryImport(Library, EntryPoint = "virDomainCreate")]
    private static partial int DomainCreate(nint domain);

    [LibraryImport(Library, EntryPoint = "virDomainFree")]
    private static partial int DomainFree(nint domain);
}
