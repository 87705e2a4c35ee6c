using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Redoubt.Storage.Images;
using Redoubt.Storage.Tests.Lvm;
using Redoubt.Storage.Tests.Mounted;

namespace Redoubt.Storage.Tests;

/// <summary>
/// Runs tests on a kernel that can what this machine's may not: mount NFS, of a real server, and map volumes of block devices. The guest of
/// script/lab-guest mounts this machine's files to read them, and runs these very tests.
/// </summary>
internal sealed partial class LabGuest : IDisposable
{
    // All holes, and as large as two metadata volumes.
    private const long DiskBytes = 9L << 30;

    // Many times what it takes, for machines that are busy.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly TempDirectory _temp = new();

    public void Dispose() => _temp.Dispose();

    /// <summary>Runs all tests of some classes, none of which may fail.</summary>
    /// <param name="atLeast">How many there are at the least.</param>
    /// <param name="skipped">How many of them are about what the driver doesn't do.</param>
    /// <param name="classes">The classes.</param>
    public async Task RunAsync(int atLeast, int skipped, params Type[] classes)
    {
        var (guest, port) = ((await LoopDisk.RunAsync(Path.Combine(Repository.Root, "script", "lab-guest"))).Trim(), FreePort());
        using var server = await ServeAsync(port);
        try
        {
            await File.WriteAllTextAsync(_temp.In("work.sh"), Work(port, classes), Sample.Token);
            await LoopDisk.RunAsync(
                "sh", "-c",
                $"cd {_temp.In("")} && (cat {guest}/initrd.gz; echo work.sh | cpio --quiet -o -H newc -R 0:0 | gzip -1n) > initrd.gz");
            string[] words =
            [
                "-M", "pc", "-cpu", "max", "-m", "1536", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
                "-net", "none", "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
                .. Disks.SelectMany(Drive),
                "-kernel", $"{guest}/vmlinuz", "-initrd", _temp.In("initrd.gz"),
                "-append", "console=ttyS0 quiet loglevel=3 nokaslr mitigations=off no_timer_check tsc=reliable panic=-1",
            ];
            var said = await new ChildProcess(TimeProvider.System, "qemu-system-x86_64", "qemu-system-x86").RunAsync(
                words, Limit, Sample.Token);
            var total = Total().Match(said);
            Assert.True(total.Success, said);
            Assert.True(int.Parse(total.Groups["total"].Value, System.Globalization.CultureInfo.InvariantCulture) >= atLeast, said);
            Assert.True(total.Groups["others"].Value == $"Errors: 0, Failed: 0, Skipped: {skipped}", said);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException(await File.ReadAllTextAsync(_temp.In("log"), Sample.Token), e);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
        }
    }

    // As the guest's kernel calls them.
    private static string[] Disks => ["vda", "vdb"];

    // Each by itself, for they may lie on several file systems, and an export ends where its own does.
    private static (string Place, string Path)[] Lent =>
        [("usr", "/usr"), ("etc", "/etc"), ("dotnet", DotnetRoot), ("tests", AppContext.BaseDirectory.TrimEnd('/'))];

    private static string Borrow(string place, int port) =>
        $"mkdir /r/{place}\nmount -t nfs -o ro,nosuid,vers=4.1,port={port},proto=tcp,actimeo=600 -- 10.0.2.2:/{place} /r/{place}\n";

    private IEnumerable<string> Drive(string name)
    {
        using (var file = File.Create(_temp.In(name)))
            file.SetLength(DiskBytes);
        return ["-drive", $"file={_temp.In(name)},if=virtio,format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap"];
    }

    private static string Work(int port, Type[] classes) => $"""
        mkdir /r
        mount -t tmpfs root /r
        mkdir -p /r/tmp /r/proc /r/sys /r/dev /r/run /r/var /r{NfsSrDriverConformance.Share}
        {string.Concat(Lent.Select(l => Borrow(l.Place, port)))}
        ln -s usr/bin /r/bin
        ln -s usr/sbin /r/sbin
        ln -s usr/lib /r/lib
        ln -s usr/lib64 /r/lib64
        mount -t proc proc /r/proc
        mount -t sysfs sys /r/sys
        mount --bind /dev /r/dev
        mount -t tmpfs tmp /r/tmp
        mount -t tmpfs run /r/run
        mount -t nfs -o rw,vers=4.1,port={port},proto=tcp -- 10.0.2.2:{NfsSrDriverConformance.Share} /r{NfsSrDriverConformance.Share}
        chroot /r /usr/bin/env DOTNET_ROOT=/dotnet PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/tmp \
          {NfsSrDriverConformance.ServerVariable}=10.0.2.2:{port} \
          {LvmGuest.DevicesVariable}={string.Join(',', Disks.Select(d => $"/dev/{d}"))} \
          /tests/Redoubt.Storage.Tests -noColor -noLogo {string.Join(' ', classes.Select(c => $"-class {c.FullName}"))}

        """;

    private static string DotnetRoot =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    private static string Export((string Place, string Path) lent, int number) =>
        $"EXPORT {{ Export_Id = {number + 1}; Path = {lent.Path}; Pseudo = /{lent.Place}; "
        + $"Access_Type = {(lent.Place == "vms" ? "RW" : "RO")}; "
        + "Squash = No_Root_Squash; SecType = sys; Protocols = 4; Transports = TCP; FSAL { Name = VFS; } }";

    private async Task<Process> ServeAsync(int port)
    {
        var (vms, state) = (_temp.NewDirectory("vms"), _temp.NewDirectory("state"));
        await File.WriteAllTextAsync(
            _temp.In("conf"),
            $$"""
            NFS_CORE_PARAM {
              Protocols = 4; NFS_Port = {{port}}; Enable_NLM = false; Enable_RQUOTA = false; Bind_addr = 127.0.0.1;
              allow_set_io_flusher_fail = true;
            }
            NFSv4 { Graceless = true; RecoveryBackend = fs; RecoveryRoot = {{state}}; Only_Numeric_Owners = true; Minor_Versions = 1,2; }
            {{string.Join('\n', Lent.Append(("vms", vms)).Select(Export))}}
            """,
            Sample.Token);
        var server = Process.Start(
            "ganesha.nfsd", ["-F", "-f", _temp.In("conf"), "-L", _temp.In("log"), "-p", _temp.In("pid"), "-N", "NIV_WARN"]);
        await Patience.UntilAsync(() => server.HasExited || Listens(port), "the NFS server listens");
        Assert.False(server.HasExited);
        return server;
    }

    private static bool Listens(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"Total: (?<total>\d+), (?<others>Errors: \d+, Failed: \d+, Skipped: \d+)",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Total();
}
