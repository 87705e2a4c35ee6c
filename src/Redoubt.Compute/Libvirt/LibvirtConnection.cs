using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Compute.Libvirt;

/// <summary>
/// One open connection: libvirt's calls with our types. Every method blocks; <see cref="LibvirtWorker"/> keeps that from the callers.
/// </summary>
internal sealed unsafe class LibvirtConnection : IDisposable
{
    private const uint ActiveDomains = 1; // VIR_CONNECT_LIST_DOMAINS_ACTIVE
    private const uint Measured = 4 | 8 | 16 | 32; // VIR_DOMAIN_STATS_BALLOON, _VCPU, _INTERFACE, _BLOCK
    private const uint NoWait = 1 << 29; // VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
    private const uint InactiveXml = 2; // VIR_DOMAIN_XML_INACTIVE
    private const uint StartPaused = 1; // VIR_DOMAIN_START_PAUSED
    private const uint Live = 1; // VIR_DOMAIN_AFFECT_LIVE
    private const uint SizeInBytes = 1; // VIR_DOMAIN_BLOCK_RESIZE_BYTES
    private const uint SavePaused = 4; // VIR_DOMAIN_SAVE_PAUSED
    private const uint SnapshotNoMetadata = 4; // VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
    private const uint Secure = 1; // VIR_DOMAIN_SAVE_IMAGE_XML_SECURE
    private const uint Migrating = 1 | 512 | 8192; // VIR_MIGRATE_LIVE, _UNSAFE (we know what storage is shared), _AUTO_CONVERGE
    private const int Title = 1; // VIR_DOMAIN_METADATA_TITLE
    private const int KeepAliveCount = 5; // Without an answer, until it counts as broken.
    private const int MemoryStatCount = 13; // VIR_DOMAIN_MEMORY_STAT_NR
    private readonly ConnectionHandle _connection;
    private LifecycleSubscription? _subscription;

    private LibvirtConnection(ConnectionHandle connection) => _connection = connection;

    internal static LibvirtConnection Open(string uri) => new(LibvirtException.Check(Native.ConnectOpen(uri)));

    /// <summary>Delivers events from now on.</summary>
    /// <param name="listener">To whom.</param>
    /// <param name="keepAliveSeconds">How often the other end is to give a sign of life; null for a connection that can't break.</param>
    internal void Subscribe(DomainEventSource listener, int? keepAliveSeconds)
    {
        _subscription = new LifecycleSubscription(_connection, listener, watchClose: keepAliveSeconds is not null);
        if (keepAliveSeconds is { } seconds)
            LibvirtException.Check(Native.ConnectSetKeepAlive(_connection, seconds, KeepAliveCount));
    }

    /// <summary>Whether the connection stands, as far as is known without asking the other end.</summary>
    internal bool IsAlive() => Native.ConnectIsAlive(_connection) != 0;

    internal NativeNodeInfo NodeInfo()
    {
        LibvirtException.Check(Native.NodeGetInfo(_connection, out var info));
        return info;
    }

    internal long FreeMemoryBytes()
    {
        var bytes = Native.NodeGetFreeMemory(_connection);
        return bytes == 0 ? throw LibvirtException.Last() : (long)bytes;
    }

    internal string HostName() => LibvirtException.Check(Native.ConnectGetHostname(_connection));

    internal string DriverName() => Marshal.PtrToStringUTF8(Native.ConnectGetType(_connection)) ?? throw LibvirtException.Last();

    internal Version HypervisorVersion()
    {
        LibvirtException.Check(Native.ConnectGetVersion(_connection, out var version));
        return Split(version);
    }

    internal static Version LibraryVersion()
    {
        LibvirtException.Check(Native.GetVersion(out var version, 0, 0));
        return Split(version);
    }

    internal void Create(string xml, bool paused) => FreeTap.Find(() =>
    {
        using var domain = LibvirtException.Check(Native.DomainCreateXml(_connection, xml, paused ? 1u : 0));
    });

    /// <summary>Has the guests that this thread starts within this process find their secrets here, until that is disposed of.</summary>
    internal EmbeddedSecrets LendSecrets() => new(_connection);

    /// <summary>Makes a secret, or gives the one of that description another value.</summary>
    internal SecretHandle DefineSecret(string xml, byte[] value)
    {
        var secret = LibvirtException.Check(Native.SecretDefineXml(_connection, xml, 0));
        try
        {
            fixed (byte* bytes = value)
                LibvirtException.Check(Native.SecretSetValue(secret, bytes, (nuint)value.Length, 0));
            return secret;
        }
        catch
        {
            secret.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What the running domains use, in libvirt's names; of one that is asked something else already, what is known without it.
    /// </summary>
    internal List<(Guid Uuid, Dictionary<string, object> Said)> Statistics()
    {
        var count = LibvirtException.Check(
            Native.ConnectGetAllDomainStats(_connection, Measured, out var records, ActiveDomains | NoWait));
        try
        {
            var all = new List<(Guid Uuid, Dictionary<string, object> Said)>(count);
            var bytes = stackalloc byte[16];
            for (var i = 0; i < count; i++)
            {
                LibvirtException.Check(Native.DomainGetUuid(records[i]->Domain, bytes));
                var said = new Dictionary<string, object>();
                for (var p = 0; p < records[i]->Count; p++)
                {
                    ref var parameter = ref records[i]->Parameters[p];
                    if (parameter.Value is { } value)
                        said[parameter.Name] = value;
                }

                all.Add((new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true), said));
            }

            return all;
        }
        finally
        {
            Native.DomainStatsRecordListFree(records);
        }
    }

    internal List<DomainState> List() => ListAll(ActiveDomains, StateOf);

    /// <summary>Every domain, running or not, with what it is defined as.</summary>
    internal List<DefinedDomain> ListDefined() => ListAll(0, DefinedOf);

    /// <summary>One domain with what it is defined as; <see langword="null"/> when there is none.</summary>
    internal DefinedDomain? FindDefined(Guid uuid)
    {
        using var domain = TryLookup(uuid);
        return domain is null ? null : DefinedOf(domain);
    }

    /// <summary>Starts a domain that is defined.</summary>
    internal void StartDefined(Guid uuid, bool paused) =>
        FreeTap.Find(() => With(uuid, domain => Native.DomainCreateWithFlags(domain, paused ? StartPaused : 0)));

    /// <summary>Has libvirt start a domain with its host, or not.</summary>
    internal void SetStartsWithHost(Guid uuid, bool value) =>
        With(uuid, domain => Native.DomainSetAutostart(domain, value ? 1 : 0));

    internal DomainState? Find(Guid uuid)
    {
        using var domain = TryLookup(uuid);
        return domain is null ? null : StateOf(domain);
    }

    /// <summary>
    /// Returns once the domain's QEMU has answered a question, or has been found dead. After a restart libvirt takes up its guests again
    /// in the background, and until it has, their state is the one they were last seen in.
    /// </summary>
    internal void AwaitReconnected(Guid uuid)
    {
        using var domain = TryLookup(uuid);
        var stats = stackalloc NativeMemoryStat[MemoryStatCount];
        if (domain is null || Native.DomainMemoryStats(domain, stats, MemoryStatCount, 0) >= 0)
            return;
        var failure = LibvirtException.Last();
        if (failure.Error is not (LibvirtError.NoDomain or LibvirtError.OperationInvalid or LibvirtError.NoSupport))
            throw failure;
    }

    internal void Suspend(Guid uuid) => With(uuid, static domain => Native.DomainSuspend(domain));

    internal void Resume(Guid uuid) => With(uuid, static domain => Native.DomainResume(domain));

    internal void Reset(Guid uuid) => With(uuid, static domain => Native.DomainReset(domain, 0));

    internal void Shutdown(Guid uuid, GuestRoute? route) => With(uuid, domain => Native.DomainShutdownFlags(domain, Flag(route)));

    internal void Reboot(Guid uuid, GuestRoute? route) => With(uuid, domain => Native.DomainReboot(domain, Flag(route)));

    internal void SetMemory(Guid uuid, long bytes) =>
        With(uuid, domain => Native.DomainSetMemoryFlags(domain, (nuint)(bytes / 1024), Live));

    /// <summary>Gives a running domain a device.</summary>
    internal void Attach(Guid uuid, string xml) =>
        FreeTap.Find(() => With(uuid, domain => Native.DomainAttachDeviceFlags(domain, xml, Live)));

    /// <summary>Asks a running domain to let a device go; it may take its time.</summary>
    internal void Detach(Guid uuid, string xml) => With(uuid, domain => Native.DomainDetachDeviceFlags(domain, xml, Live));

    /// <summary>Changes a device of a running domain.</summary>
    internal void Change(Guid uuid, string xml) => With(uuid, domain => Native.DomainUpdateDeviceFlags(domain, xml, Live));

    internal void ResizeDisk(Guid uuid, string target, long bytes) =>
        With(uuid, domain => Native.DomainBlockResize(domain, target, (ulong)bytes, SizeInBytes));

    internal void SetVcpus(Guid uuid, int count) => With(uuid, domain => Native.DomainSetVcpusFlags(domain, (uint)count, Live));

    /// <summary>Lends a domain open files under a name, for as long as this connection is open or a disk of it uses them.</summary>
    internal void AssociateFiles(Guid uuid, string name, IReadOnlyList<SafeFileHandle> files)
    {
        using var domain = Lookup(uuid);
        var descriptors = stackalloc int[files.Count];
        for (var i = 0; i < files.Count; i++)
            descriptors[i] = (int)files[i].DangerousGetHandle();
        LibvirtException.Check(Native.DomainFdAssociate(domain, name, (uint)files.Count, descriptors, 0));
    }

    /// <summary>Writes the guest's memory into a file and ends the domain. If that fails, the guest runs on.</summary>
    internal void Save(Guid uuid, string path) => With(uuid, domain => Native.DomainSaveFlags(domain, path, null, 0));

    /// <summary>
    /// Writes the memory of a paused guest into such a file, and leaves it paused. libvirt keeps nothing of it, and leaves its disks alone.
    /// </summary>
    internal void KeepMemory(Guid uuid, string path)
    {
        using var domain = Lookup(uuid);
        var disks = XElement.Parse(LibvirtException.Check(Native.DomainGetXmlDesc(domain, 0))).Element("devices")!.Elements("disk")
            .Select(d => (string)d.Element("target")!.Attribute("dev")!);
        var snapshot = new XElement(
            "domainsnapshot",
            new XElement("memory", new XAttribute("snapshot", "external"), new XAttribute("file", path)),
            new XElement("disks", disks.Select(d => new XElement("disk", new XAttribute("name", d), new XAttribute("snapshot", "no")))));
        var made = Native.DomainSnapshotCreateXml(domain, snapshot.ToString(SaveOptions.DisableFormatting), SnapshotNoMetadata);
        if (made == 0)
            throw LibvirtException.Last();
        LibvirtException.Check(Native.DomainSnapshotFree(made));
    }

    /// <summary>Makes a domain of such a file; <paramref name="paused"/> leaves it before its next instruction.</summary>
    internal void Restore(string path, string? xml, bool paused) =>
        FreeTap.Find(() => LibvirtException.Check(Native.DomainRestoreFlags(_connection, path, xml, paused ? SavePaused : 0)));

    /// <summary>The description in such a file. libvirt reads it only from one that was written to its end.</summary>
    internal string SavedXml(string path) => LibvirtException.Check(Native.DomainSaveImageGetXmlDesc(_connection, path, Secure));

    /// <summary>Breaks off what takes long on a domain; nothing of that kind may be under way.</summary>
    internal void AbortJob(Guid uuid)
    {
        using var domain = Lookup(uuid);
        if (Native.DomainAbortJob(domain) >= 0)
            return;
        var failure = LibvirtException.Last();
        if (failure.Error is not (LibvirtError.OperationInvalid or LibvirtError.NoSupport))
            throw failure;
    }

    /// <summary>Checks that a domain can be migrated; gives what it is, for whoever is to take it.</summary>
    internal MigratingGuest BeginMigration(Guid uuid)
    {
        using var domain = Lookup(uuid);
        byte* cookie = null;
        var length = 0;
        var xml = LibvirtException.Check(Native.DomainMigrateBegin(domain, null, &cookie, &length, Migrating, null, 0));
        Native.Free(cookie);
        return MigratingGuest.Of(xml, LibvirtException.Check(Native.DomainGetXmlDesc(domain, 0)));
    }

    /// <summary>
    /// Sends the guest's memory and devices to a socket while it runs. It is paused then, and everything of it is there. If that fails, it
    /// goes on.
    /// </summary>
    internal void Migrate(Guid uuid, string uri)
    {
        using var domain = Lookup(uuid);
        byte* answer = null;
        var length = 0;
        var cookie = MigratingGuest.Cookie(uuid);
        fixed (byte* bytes = cookie)
        {
            LibvirtException.Check(Native.DomainMigratePerform(
                domain, null, bytes, cookie.Length, &answer, &length, null, uri, Migrating, null, 0));
        }

        Native.Free(answer);
    }

    /// <summary>Has a guest go on that was sent and is not wanted there; without one nothing happens.</summary>
    internal void RevokeMigration(Guid uuid)
    {
        using var domain = Lookup(uuid);
        if (Native.DomainMigrateConfirm(domain, null, 0, Migrating, 1) >= 0)
            return;
        var failure = LibvirtException.Last();
        if (failure.Error is not (LibvirtError.OperationInvalid or LibvirtError.NoSupport))
            throw failure;
    }

    /// <summary>How far what takes long on a domain is, in libvirt's names.</summary>
    internal Dictionary<string, object> JobStatistics(Guid uuid)
    {
        using var domain = Lookup(uuid);
        LibvirtException.Check(Native.DomainGetJobStats(domain, out _, out var parameters, out var count, 0));
        try
        {
            var said = new Dictionary<string, object>();
            for (var i = 0; i < count; i++)
            {
                if (parameters[i].Value is { } value)
                    said[parameters[i].Name] = value;
            }

            return said;
        }
        finally
        {
            Native.TypedParamsFree(parameters, count);
        }
    }

    /// <summary>Asks the guest's agent; gives its whole answer.</summary>
    internal string AgentCommand(Guid uuid, string command, int timeoutSeconds)
    {
        using var domain = Lookup(uuid);
        return LibvirtException.Check(Native.DomainQemuAgentCommand(domain, command, timeoutSeconds, 0));
    }

    /// <summary>Ends the domain at once; <see langword="false"/> when there was none.</summary>
    internal bool Destroy(Guid uuid)
    {
        using var domain = TryLookup(uuid);
        if (domain is null)
            return false;
        if (Native.DomainDestroy(domain) >= 0)
            return true;
        var failure = LibvirtException.Last();
        return failure.Error == LibvirtError.NoDomain ? false : throw failure; // It ended by itself in between.
    }

    internal string Xml(Guid uuid)
    {
        using var domain = Lookup(uuid);
        return LibvirtException.Check(Native.DomainGetXmlDesc(domain, 0));
    }

    internal bool IsAgentConnected(Guid uuid) => XElement.Parse(Xml(uuid))
        .Descendants("target")
        .Any(target => (string?)target.Attribute("name") == "org.qemu.guest_agent.0" && (string?)target.Attribute("state") == "connected");

    internal Screenshot Screenshot(Guid uuid)
    {
        using var domain = Lookup(uuid);
        using var stream = LibvirtException.Check(Native.StreamNew(_connection, 0));
        var mime = LibvirtException.Check(Native.DomainScreenshot(domain, stream, 0, 0));
        using var image = new MemoryStream();
        var buffer = new byte[64 * 1024];
        fixed (byte* data = buffer)
        {
            int length;
            while ((length = LibvirtException.Check(Native.StreamReceive(stream, data, (nuint)buffer.Length))) > 0)
                image.Write(buffer, 0, length);
        }

        LibvirtException.Check(Native.StreamFinish(stream));
        return new Screenshot(mime, image.ToArray());
    }

    /// <summary>Asks QEMU itself; gives what it returns.</summary>
    /// <param name="uuid">The domain.</param>
    /// <param name="command">QMP's name of the command.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="file">A file that is handed over with it.</param>
    /// <exception cref="LibvirtException">QEMU refused, or does not answer.</exception>
    internal JsonNode? Ask(Guid uuid, string command, JsonObject arguments, SafeFileHandle? file = null)
    {
        using var domain = Lookup(uuid);
        var text = new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString();
        byte* answer = null;
        var descriptor = file is null ? -1 : (int)file.DangerousGetHandle();
        LibvirtException.Check(
            Native.DomainQemuMonitorCommandWithFiles(domain, text, file is null ? 0u : 1u, &descriptor, null, null, &answer, 0));
        try
        {
            var said = JsonNode.Parse(Marshal.PtrToStringUTF8((nint)answer) ?? "{}")!;
            return said["error"] is { } refused
                ? throw new LibvirtException(LibvirtError.OperationFailed, $"{command}: {refused["desc"]}")
                : said["return"];
        }
        finally
        {
            Native.Free(answer);
        }
    }

    /// <summary>Lets the connection go. Guests are not touched by that.</summary>
    public void Dispose()
    {
        _subscription?.Remove(_connection);
        _connection.Dispose();
    }

    private List<T> ListAll<T>(uint flags, Func<DomainHandle, T?> read)
        where T : class
    {
        var count = LibvirtException.Check(Native.ConnectListAllDomains(_connection, out var pointers, flags));
        var handles = new DomainHandle[count];
        for (var i = 0; i < count; i++)
            handles[i] = new DomainHandle(pointers[i]);
        NativeMemory.Free(pointers);

        var all = new List<T>(count);
        foreach (var handle in handles)
        {
            using (handle)
            {
                if (read(handle) is { } one)
                    all.Add(one);
            }
        }

        return all;
    }

    /// <summary>What a domain is defined as; <see langword="null"/> when it is gone meanwhile.</summary>
    private static DefinedDomain? DefinedOf(DomainHandle domain)
    {
        try
        {
            var bytes = stackalloc byte[16];
            LibvirtException.Check(Native.DomainGetUuid(domain.DangerousGetHandle(), bytes));
            var persistent = LibvirtException.Check(Native.DomainIsPersistent(domain)) == 1;
            var active = LibvirtException.Check(Native.DomainIsActive(domain)) == 1;
            var autostart = 0;
            if (persistent)
                LibvirtException.Check(Native.DomainGetAutostart(domain, out autostart));
            return new()
            {
                Uuid = new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true),
                Name = Marshal.PtrToStringUTF8(Native.DomainGetName(domain)) ?? throw LibvirtException.Last(),
                Xml = LibvirtException.Check(Native.DomainGetXmlDesc(domain, InactiveXml)),
                RunningXml = active ? LibvirtException.Check(Native.DomainGetXmlDesc(domain, 0)) : null,
                IsPersistent = persistent,
                StartsWithHost = autostart != 0,
                HasSavedMemory = persistent && LibvirtException.Check(Native.DomainHasManagedSaveImage(domain, 0)) == 1,
                Snapshots = LibvirtException.Check(Native.DomainSnapshotNum(domain, 0)),
            };
        }
        catch (LibvirtException ended) when (ended.Error == LibvirtError.NoDomain)
        {
            return null;
        }
    }

    private static uint Flag(GuestRoute? route) => route is not { } way ? 0 : way switch { GuestRoute.Acpi => 1u, GuestRoute.Agent => 2u };

    private static Version Split(nuint version) => new((int)(version / 1_000_000), (int)(version / 1000 % 1000), (int)(version % 1000));

    private DomainHandle Lookup(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        fixed (byte* start = bytes)
            return LibvirtException.Check(Native.DomainLookupByUuid(_connection, start));
    }

    private DomainHandle? TryLookup(Guid uuid)
    {
        try
        {
            return Lookup(uuid);
        }
        catch (LibvirtException missing) when (missing.Error == LibvirtError.NoDomain)
        {
            return null;
        }
    }

    private void With(Guid uuid, Func<DomainHandle, int> call)
    {
        using var domain = Lookup(uuid);
        LibvirtException.Check(call(domain));
    }

    /// <summary>What the domain is doing; <see langword="null"/> when it ended meanwhile, or is only defined.</summary>
    private static DomainState? StateOf(DomainHandle domain)
    {
        try
        {
            LibvirtException.Check(Native.DomainGetState(domain, out var state, out var reason, 0));
            LibvirtException.Check(Native.DomainGetInfo(domain, out var info));
            var bytes = stackalloc byte[16];
            LibvirtException.Check(Native.DomainGetUuid(domain.DangerousGetHandle(), bytes));
            return PowerStateOf(state, reason) is not { } power ? null : new DomainState
            {
                Uuid = new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true),
                Name = NameOf(domain),
                PowerState = power,
                Id = Native.DomainGetId(domain),
                MemoryBytes = (long)info.MemoryKiB * 1024,
            };
        }
        catch (LibvirtException ended) when (ended.Error == LibvirtError.NoDomain)
        {
            return null;
        }
    }

    private static string NameOf(DomainHandle domain)
    {
        if (Native.DomainGetMetadata(domain, Title, null, 0) is { } title)
            return title;
        var failure = LibvirtException.Last();
        return failure.Error is LibvirtError.NoDomainMetadata or LibvirtError.NoSupport
            ? Marshal.PtrToStringUTF8(Native.DomainGetName(domain)) ?? throw LibvirtException.Last()
            : throw failure;
    }

    /// <summary><c>virDomainState</c> and, for a paused one, <c>virDomainPausedReason</c>.</summary>
    internal static DomainPowerState? PowerStateOf(int state, int reason) => state switch
    {
        3 when reason == 5 => DomainPowerState.PausedByDiskError,
        3 => DomainPowerState.Paused,
        4 => DomainPowerState.ShuttingDown,
        5 => null, // VIR_DOMAIN_SHUTOFF
        6 => DomainPowerState.Crashed,
        7 => DomainPowerState.Asleep,
        _ => DomainPowerState.Running,
    };
}
