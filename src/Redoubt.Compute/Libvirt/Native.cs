using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>
/// The part of libvirt's C API that Redoubt uses, as it is declared in libvirt's headers.
/// </summary>
/// <remarks>
/// libvirt keeps its last error per thread. So whoever calls one of these must ask for the error on the same thread
/// before anything else is called: see <see cref="LibvirtException.Last"/>.
/// </remarks>
internal static unsafe partial class Native
{
    internal const string Library = "libvirt.so.0";
    internal const string QemuLibrary = "libvirt-qemu.so.0";
    internal const string FdAssociate = "virDomainFDAssociate";
    internal const string CommandWithFiles = "virDomainQemuMonitorCommandWithFiles";

    [LibraryImport(Library, EntryPoint = "virInitialize")]
    internal static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "virGetVersion")]
    internal static partial int GetVersion(out nuint libraryVersion, nint type, nint typeVersion);

    [LibraryImport(Library, EntryPoint = "virSetErrorFunc")]
    internal static partial void SetErrorFunc(nint userData, delegate* unmanaged<nint, nint, void> handler);

    [LibraryImport(Library, EntryPoint = "virGetLastErrorCode")]
    internal static partial int GetLastErrorCode();

    /// <summary>The text belongs to libvirt and must not be freed, hence the raw pointer.</summary>
    [LibraryImport(Library, EntryPoint = "virGetLastErrorMessage")]
    internal static partial nint GetLastErrorMessage();

    [LibraryImport(Library, EntryPoint = "virEventRegisterDefaultImpl")]
    internal static partial int EventRegisterDefaultImpl();

    [LibraryImport(Library, EntryPoint = "virEventRunDefaultImpl")]
    internal static partial int EventRunDefaultImpl();

    [LibraryImport(Library, EntryPoint = "virConnectOpen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ConnectionHandle ConnectOpen(string uri);

    [LibraryImport(Library, EntryPoint = "virConnectClose")]
    internal static partial int ConnectClose(nint connection);

    [LibraryImport(Library, EntryPoint = "virConnectSetKeepAlive")]
    internal static partial int ConnectSetKeepAlive(ConnectionHandle connection, int intervalSeconds, uint count);

    [LibraryImport(Library, EntryPoint = "virConnectRegisterCloseCallback")]
    internal static partial int ConnectRegisterCloseCallback(
        ConnectionHandle connection, delegate* unmanaged<nint, int, nint, void> callback, nint opaque,
        delegate* unmanaged<nint, void> free);

    [LibraryImport(Library, EntryPoint = "virConnectUnregisterCloseCallback")]
    internal static partial int ConnectUnregisterCloseCallback(
        ConnectionHandle connection, delegate* unmanaged<nint, int, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "virConnectIsAlive")]
    internal static partial int ConnectIsAlive(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetVersion")]
    internal static partial int ConnectGetVersion(ConnectionHandle connection, out nuint version);

    /// <summary>The text belongs to the driver and must not be freed, hence the raw pointer.</summary>
    [LibraryImport(Library, EntryPoint = "virConnectGetType")]
    internal static partial nint ConnectGetType(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectGetHostname", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? ConnectGetHostname(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virNodeGetInfo")]
    internal static partial int NodeGetInfo(ConnectionHandle connection, out NativeNodeInfo info);

    [LibraryImport(Library, EntryPoint = "virNodeGetFreeMemory")]
    internal static partial ulong NodeGetFreeMemory(ConnectionHandle connection);

    [LibraryImport(Library, EntryPoint = "virConnectListAllDomains")]
    internal static partial int ConnectListAllDomains(ConnectionHandle connection, out nint* domains, uint flags);

    [LibraryImport(Library, EntryPoint = "virConnectGetAllDomainStats")]
    internal static partial int ConnectGetAllDomainStats(
        ConnectionHandle connection, uint which, out NativeDomainStats** statistics, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainStatsRecordListFree")]
    internal static partial void DomainStatsRecordListFree(NativeDomainStats** statistics);

    [LibraryImport(Library, EntryPoint = "virDomainCreateXML", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial DomainHandle DomainCreateXml(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainLookupByUUID")]
    internal static partial DomainHandle DomainLookupByUuid(ConnectionHandle connection, byte* uuid);

    [LibraryImport(Library, EntryPoint = "virDomainFree")]
    internal static partial int DomainFree(nint domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetUUID")]
    internal static partial int DomainGetUuid(nint domain, byte* uuid);

    /// <summary>The text belongs to the domain and must not be freed, hence the raw pointer.</summary>
    [LibraryImport(Library, EntryPoint = "virDomainGetName")]
    internal static partial nint DomainGetName(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetID")]
    internal static partial uint DomainGetId(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetState")]
    internal static partial int DomainGetState(DomainHandle domain, out int state, out int reason, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainGetInfo")]
    internal static partial int DomainGetInfo(DomainHandle domain, out NativeDomainInfo info);

    [LibraryImport(Library, EntryPoint = "virDomainGetMetadata", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainGetMetadata(DomainHandle domain, int type, string? uri, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainGetXMLDesc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainGetXmlDesc(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainMemoryStats")]
    internal static partial int DomainMemoryStats(DomainHandle domain, NativeMemoryStat* stats, uint count, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSuspend")]
    internal static partial int DomainSuspend(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainResume")]
    internal static partial int DomainResume(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainCreateWithFlags")]
    internal static partial int DomainCreateWithFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainIsPersistent")]
    internal static partial int DomainIsPersistent(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainIsActive")]
    internal static partial int DomainIsActive(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetAutostart")]
    internal static partial int DomainGetAutostart(DomainHandle domain, out int autostart);

    [LibraryImport(Library, EntryPoint = "virDomainSetAutostart")]
    internal static partial int DomainSetAutostart(DomainHandle domain, int autostart);

    [LibraryImport(Library, EntryPoint = "virDomainHasManagedSaveImage")]
    internal static partial int DomainHasManagedSaveImage(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSnapshotNum")]
    internal static partial int DomainSnapshotNum(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainShutdownFlags")]
    internal static partial int DomainShutdownFlags(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainReboot")]
    internal static partial int DomainReboot(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainReset")]
    internal static partial int DomainReset(DomainHandle domain, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainDestroy")]
    internal static partial int DomainDestroy(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainSetMemoryFlags")]
    internal static partial int DomainSetMemoryFlags(DomainHandle domain, nuint memoryKiB, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainAttachDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainAttachDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainDetachDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainDetachDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainUpdateDeviceFlags", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainUpdateDeviceFlags(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainBlockResize", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainBlockResize(DomainHandle domain, string disk, ulong size, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSetVcpusFlags")]
    internal static partial int DomainSetVcpusFlags(DomainHandle domain, uint count, uint flags);

    [LibraryImport(Library, EntryPoint = FdAssociate, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainFdAssociate(DomainHandle domain, string name, uint count, int* files, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSaveFlags", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainSaveFlags(DomainHandle domain, string path, string? xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainRestoreFlags", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainRestoreFlags(ConnectionHandle connection, string path, string? xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSaveImageGetXMLDesc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainSaveImageGetXmlDesc(ConnectionHandle connection, string path, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSnapshotCreateXML", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint DomainSnapshotCreateXml(DomainHandle domain, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virDomainSnapshotFree")]
    internal static partial int DomainSnapshotFree(nint snapshot);

    [LibraryImport(Library, EntryPoint = "virDomainAbortJob")]
    internal static partial int DomainAbortJob(DomainHandle domain);

    [LibraryImport(Library, EntryPoint = "virDomainGetJobStats")]
    internal static partial int DomainGetJobStats(
        DomainHandle domain, out int type, out NativeTypedParameter* parameters, out int count, uint flags);

    [LibraryImport(Library, EntryPoint = "virTypedParamsFree")]
    internal static partial void TypedParamsFree(NativeTypedParameter* parameters, int count);

    /// <summary>
    /// Not declared for programs, as the next two: the steps of a migration at its source. libvirt's own client takes them, and takes those
    /// at the target with them, which a driver within a process does not allow.
    /// </summary>
    [LibraryImport(Library, EntryPoint = "virDomainMigrateBegin3", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainMigrateBegin(
        DomainHandle domain, string? xml, byte** cookie, int* cookieLength, nuint flags, string? name, nuint bandwidth);

    [LibraryImport(Library, EntryPoint = "virDomainMigratePerform3", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainMigratePerform(
        DomainHandle domain, string? xml, byte* cookie, int cookieLength, byte** cookieOut, int* cookieOutLength, string? connection,
        string uri, nuint flags, string? name, nuint bandwidth);

    [LibraryImport(Library, EntryPoint = "virDomainMigrateConfirm3")]
    internal static partial int DomainMigrateConfirm(DomainHandle domain, byte* cookie, int cookieLength, nuint flags, int cancelled);

    [LibraryImport(Library, EntryPoint = "virDomainScreenshot", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainScreenshot(DomainHandle domain, StreamHandle stream, uint screen, uint flags);

    [LibraryImport(Library, EntryPoint = "virStreamNew")]
    internal static partial StreamHandle StreamNew(ConnectionHandle connection, uint flags);

    [LibraryImport(Library, EntryPoint = "virStreamRecv")]
    internal static partial int StreamReceive(StreamHandle stream, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "virStreamFinish")]
    internal static partial int StreamFinish(StreamHandle stream);

    [LibraryImport(Library, EntryPoint = "virStreamFree")]
    internal static partial int StreamFree(nint stream);

    [LibraryImport(Library, EntryPoint = "virConnectDomainEventRegisterAny")]
    internal static partial int DomainEventRegisterAny(
        ConnectionHandle connection, nint domain, int eventId, void* callback, nint opaque, delegate* unmanaged<nint, void> free);

    [LibraryImport(Library, EntryPoint = "virConnectDomainEventDeregisterAny")]
    internal static partial int DomainEventDeregisterAny(ConnectionHandle connection, int callbackId);

    [LibraryImport(Library, EntryPoint = "virSecretDefineXML", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SecretHandle SecretDefineXml(ConnectionHandle connection, string xml, uint flags);

    [LibraryImport(Library, EntryPoint = "virSecretSetValue")]
    internal static partial int SecretSetValue(SecretHandle secret, byte* value, nuint length, uint flags);

    /// <summary>Not declared for programs, as the next two: see <see cref="EmbeddedSecrets"/>.</summary>
    [LibraryImport(Library, EntryPoint = "virIdentityGetSystem")]
    internal static partial nint IdentityGetSystem();

    [LibraryImport(Library, EntryPoint = "virIdentitySetCurrent")]
    internal static partial int IdentitySetCurrent(nint identity);

    [LibraryImport(Library, EntryPoint = "virSetConnectSecret")]
    internal static partial int SetConnectSecret(nint connection);

    [LibraryImport(Library, EntryPoint = "virSecretUndefine")]
    internal static partial int SecretUndefine(SecretHandle secret);

    [LibraryImport(Library, EntryPoint = "virSecretFree")]
    internal static partial int SecretFree(nint secret);

    [LibraryImport(QemuLibrary, EntryPoint = "virDomainQemuAgentCommand", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial string? DomainQemuAgentCommand(DomainHandle domain, string command, int timeoutSeconds, uint flags);

    [LibraryImport(QemuLibrary, EntryPoint = CommandWithFiles, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DomainQemuMonitorCommandWithFiles(
        DomainHandle domain, string command, uint fileCount, int* files, uint* answeredFileCount, int** answeredFiles, byte** answer,
        uint flags);

    [LibraryImport("libc", EntryPoint = "free")]
    internal static partial void Free(void* memory);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    internal static partial uint GetEffectiveGroupId();
}
