using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

/// <summary>A server in this process over a pool with libvirt's test hypervisor, and visitors to its console.</summary>
public sealed class TestSite(Browser browser) : IAsyncLifetime
{
    public const string Password = "correct horse battery";
    private static readonly ImmutableSortedDictionary<string, string> Nothing = ImmutableSortedDictionary<string, string>.Empty;
    private const string Host = """
        <node>
          <cpu><mhz>3000</mhz><model>test</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>1</threads></cpu>
          <memory>67108864</memory>
        </node>
        """;

    private readonly string _root = Directory.CreateTempSubdirectory("rd-console-").FullName;
    private readonly List<IBrowserContext> _contexts = [];

    /// <summary>The daemon's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The pool's name.</summary>
    public string Name { get; init; } = "paris";

    public PoolServer Server { get; private set; } = null!;

    public XenApiClient Api { get; private set; } = null!;

    public Uri Url { get; private set; } = null!;

    /// <summary>The daemon's own directory.</summary>
    public string DataDirectory => Path.Combine(_root, "data");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), Password + "\n");

        // All connections to test:///default share their guests; two pools must not.
        await File.WriteAllTextAsync(Path.Combine(_root, "host.xml"), Host);
        await StartAsync("http://127.0.0.1:0");
    }

    /// <summary>Starts the server again, where it was.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync(Url.ToString());
    }

    public async Task StopAsync()
    {
        await Api.DisposeAsync();
        await Server.DisposeAsync();
    }

    public async Task StartAsync(string url)
    {
        Server = await PoolServer.StartAsync(
            new()
            {
                DataDirectory = DataDirectory,
                ListenUrls = [url],
                NameLabel = Name,
                RootPasswordFile = Path.Combine(_root, "password"),
                HypervisorUri = $"test://{Path.Combine(_root, "host.xml")}",
            },
            Time,
            TestContext.Current.CancellationToken);
        Url = new(Server.Urls[0]);
        Api = new(Url);
        await Api.LoginAsync("root", Password);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.EndAsync();
        }

        await StopAsync();
        Directory.Delete(_root, recursive: true);
    }

    public Task<T> CallAsync<T>(string message, IReadOnlyList<object?> arguments) =>
        Api.CallAsync<T>(message, arguments, TestContext.Current.CancellationToken);

    public Task CallAsync(string message, IReadOnlyList<object?> arguments) =>
        Api.CallAsync(message, arguments, TestContext.Current.CancellationToken);

    public Task<IReadOnlyDictionary<Ref<T>, T>> AllAsync<T>()
        where T : Redoubt.XenApi.Record, IRecord<T>, new() => Api.GetAllRecordsAsync<T>(TestContext.Current.CancellationToken);

    /// <summary>Starts the server again with runs in its journal that it finds there.</summary>
    internal async Task SeedAsync(params IEnumerable<SeededRun> runs)
    {
        await StopAsync();
        using (var journal = RunJournal.Open(Path.Combine(DataDirectory, "runs.db"), null))
        {
            foreach (var run in runs)
            {
                journal.Append(run.Uuid, run.Events);
            }
        }

        await StartAsync(Url.ToString());
    }

    /// <summary>Puts a script among the hooks that runs until the file of the same name with <c>.go</c> is there.</summary>
    public void AddHook(string name)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(DataDirectory, "hooks")).FullName, name);
        File.WriteAllText(path, "#!/bin/sh\nuntil [ -e \"$0.go\" ]; do sleep 0.05; done\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Has the script end.</summary>
    public void EndHook(string name) => File.WriteAllText(Path.Combine(DataDirectory, "hooks", name + ".go"), "");

    /// <summary>The lines of the audit log.</summary>
    public async Task<string[]> AuditAsync()
    {
        await using var log = new FileStream(Path.Combine(_root, "data", "audit.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        return (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n');
    }

    public string NewDirectory() => Directory.CreateDirectory(Path.Combine(_root, Guid.NewGuid().ToString("D"))).FullName;

    public Task<Ref<SrRecord>> CreateSrAsync(string name, bool shared = true) => CreateSrAsync(name, NewDirectory(), shared);

    public async Task<Ref<SrRecord>> CreateSrAsync(string name, string place, bool shared = true)
    {
        var host = (await Api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", []))[0];
        return await Api.CallAsync<Ref<SrRecord>>(
            "SR.create", [host, Nothing.Add("location", place), 0L, name, "", "file", "user", shared, Nothing]);
    }

    public async Task<Ref<VmRecord>> CreateVmAsync(
        string name, Ref<SrRecord> sr, Ref<VmApplianceRecord> appliance = default, long order = 0, long delay = 0)
    {
        var vm = await Api.CallAsync<Ref<VmRecord>>("VM.create", [new VmRecord
        {
            NameLabel = name,
            MemoryStaticMax = 64 << 20,
            MemoryDynamicMax = 64 << 20,
            MemoryDynamicMin = 64 << 20,
            MemoryStaticMin = 64 << 20,
            VcpusMax = 1,
            VcpusAtStartup = 1,
            HvmBootPolicy = "BIOS order",
            Order = order,
            StartDelay = delay,
            Appliance = appliance,
        }]);
        if (!sr.IsNull)
        {
            var vdi = await Api.CallAsync<Ref<VdiRecord>>(
                "VDI.create", [new VdiRecord { NameLabel = $"{name} disk", Sr = sr, VirtualSize = 1 << 20, Type = VdiType.User }]);
            await Api.CallAsync(
                "VBD.create", [new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk }]);
        }

        return vm;
    }

    public async Task<Ref<SubjectRecord>> CreateUserAsync(string name, string role)
    {
        var subject = await Api.CallAsync<Ref<SubjectRecord>>("subject.create", [Subjects.Local(name)]);
        await Api.CallAsync("subject.set_password", [subject, Password]);
        var roles = await Api.CallAsync<ImmutableList<Ref<RoleRecord>>>("role.get_by_name_label", [role]);
        await Api.CallAsync("subject.add_to_roles", [subject, roles[0]]);
        return subject;
    }

    /// <summary>A browser of its own, not signed in.</summary>
    public async Task<IPage> VisitAsync(ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 800)
    {
        var context = await browser.Chromium.NewContextAsync(new()
        {
            BaseURL = Url.ToString(),
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce, // Nothing but processor time comes of drawing what turns.
            ViewportSize = new() { Width = width, Height = height },
        });
        _contexts.Add(context);
        context.SetDefaultTimeout(60_000);
        return await context.OpenPageAsync();
    }

    /// <summary>A page on which somebody is signed in.</summary>
    public async Task<IPage> SignInAsync(
        string path = "", string user = "root", ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 800)
    {
        var page = await VisitAsync(scheme, width, height);
        await page.GoAsync("/console/" + path);
        await page.SignInAsync(user, Password);
        await page.LiveAsync();
        return page;
    }
}
