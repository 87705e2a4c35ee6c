using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A data directory in which every file that the daemon keeps lies, and the protected SR of its pool.</summary>
internal sealed class PoolDirectory : IDisposable
{
    private const string Password = "a password for root";

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public string Data => Path.Combine(_root, "data");

    public string Storage => Path.Combine(_root, "storage");

    public string PasswordFile => Path.Combine(_root, "password");

    /// <summary>The UUIDs of the pool and of its VM.</summary>
    public string Pool { get; private set; } = "";

    public string Vm { get; private set; } = "";

    /// <summary>Where the copy of the database lies.</summary>
    public string Volume =>
        Directory.GetFiles(Storage, "*.raw", SearchOption.AllDirectories).Single(f => new FileInfo(f).Length > 1L << 31);

    /// <summary>Runs a daemon there that has something to keep in each of its files.</summary>
    public static async Task<PoolDirectory> MakeAsync()
    {
        var made = new PoolDirectory();
        Directory.CreateDirectory(made.Storage);
        await File.WriteAllTextAsync(made.PasswordFile, Password, Stop);
        await using var run = await ServeRun.StartAsync(made.Data, "--root-password-file", made.PasswordFile);
        await using var api = await made.LogInAsync(run);
        var host = (await api.CallAsync<System.Collections.Immutable.ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
        var config = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty;
        var sr = await api.CallAsync<Ref<SrRecord>>(
            "SR.create", [host, config.Add("location", made.Storage), 0L, "protected", "", "file", "", true, config], Stop);
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "disk", Sr = sr, VirtualSize = 1 << 20 }], Stop);
        var vm = await api.CallAsync<Ref<VmRecord>>("VM.create", [new VmRecord { NameLabel = "precious", VcpusMax = 1, VcpusAtStartup = 1, MemoryStaticMin = 1 << 26, MemoryDynamicMin = 1 << 27, MemoryDynamicMax = 1 << 27, MemoryStaticMax = 1 << 27 }], Stop);
        await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create",
            [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true }], Stop);
        await api.CallAsync("SR.enable_database_replication", [sr], Stop);
        made.Vm = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
        made.Pool = await made.PoolOfAsync(api);
        await api.CallAsync<Ref<MessageRecord>>("message.create", ["REMEMBERED", 3L, Cls.Vm, made.Vm, "over restarts"], Stop);
        await api.CallAsync("recovery.set_two_persons", [System.Collections.Immutable.ImmutableList.Create("failover")], Stop);
        await run.StopAsync();

        // What takes another pool, a directory of users or a night to make is made by hand.
        foreach (var (name, content) in new[]
        {
            ("user-passwords.json", "{  }"), ("directory-password.json", "{\"password\":\"secret\"}"), ("sites.json", "[  ]"),
            ("schedules.json", "[  ]"), ("operators.json", "[  ]"),
            ("notifications.json", "{  }"),
        })
        {
            await File.WriteAllTextAsync(Path.Combine(made.Data, name), content, Stop);
        }

        await using var again = await ServeRun.StartAsync(made.Data);
        Assert.True(again.Url is not null, again.Error);
        await again.StopAsync();
        return made;
    }

    /// <summary>Logs in at a daemon that runs on the directory, or on one that was made from it.</summary>
    public Task<XenApiClient> LogInAsync(ServeRun run) => LogInAsync(run, Password);

    public static async Task<XenApiClient> LogInAsync(ServeRun run, string password)
    {
        Assert.True(run.Url is not null, run.Error);
        var api = new XenApiClient(run.Url, _ => true);
        await api.LoginAsync("root", password, Stop);
        return api;
    }

    public async Task<string> PoolOfAsync(XenApiClient api) => await api.CallAsync<string>(
        "pool.get_uuid", [(await api.CallAsync<System.Collections.Immutable.ImmutableList<Ref<PoolRecord>>>("pool.get_all", [], Stop))[0]],
        Stop);

    /// <summary>A copy of the data directory for one damage.</summary>
    public string Copy(string name)
    {
        var copy = Path.Combine(_root, name);
        CopyInto(Data, copy);
        return copy;
    }

    /// <summary>Everything in a directory: names, kinds, permissions and content.</summary>
    public static SortedDictionary<string, string> Look(string directory)
    {
        var seen = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos("*", all))
        {
            var content = entry is FileInfo { LinkTarget: null, UnixFileMode: not UnixFileMode.None, Length: < 1 << 20 } file
                && !file.Attributes.HasFlag(FileAttributes.Device)
                ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(IsPipe(file) ? [] : File.ReadAllBytes(file.FullName)))
                : "";
            seen[Path.GetRelativePath(directory, entry.FullName)] = $"{entry.LinkTarget} {entry.UnixFileMode} "
                + $"{(entry as FileInfo)?.Length} {entry.LastWriteTimeUtc:O} {content}";
        }

        return seen;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static bool IsPipe(FileInfo file) => file.Length == 0;

    private static void CopyInto(string from, string to)
    {
        Directory.CreateDirectory(to, File.GetUnixFileMode(from));
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (entry is DirectoryInfo)
            {
                CopyInto(entry.FullName, target);
            }
            else if (entry.Name == KeptName.Journal)
            {
                // Sparse, as it is.
                using var copy = System.Diagnostics.Process.Start("cp", ["--sparse=always", "-p", entry.FullName, target]);
                copy.WaitForExit();
            }
            else
            {
                File.Copy(entry.FullName, target);
            }
        }
    }
}
