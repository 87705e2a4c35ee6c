using System.Diagnostics;

namespace Redoubt.Tests;

/// <summary>
/// A libvirtd of the test's own, which sees only directories of its own where libvirt keeps its state. Takes root's rights.
/// </summary>
internal sealed class OwnLibvirtd : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rdlv-").FullName;
    private Process? _process;

    public string Uri => $"qemu+unix:///system?socket={_directory}/libvirt-sock";

    /// <summary>Starts it, also again.</summary>
    public async Task StartAsync()
    {
        if (Environment.UserName != "root" || !File.Exists("/usr/sbin/libvirtd"))
        {
            Assert.Skip("Takes libvirtd, and root's rights for a mount namespace.");
        }

        foreach (var name in new[] { "run", "lib", "etc", "log" })
        {
            Directory.CreateDirectory(Path.Combine(_directory, name));
        }

        // What it has found out about this machine's QEMU, which takes seconds of processor time; it looks whether that still holds.
        var cache = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "libvirtd-cache")).FullName;
        var config = Path.Combine(_directory, "libvirtd.conf");
        await File.WriteAllTextAsync(
            config,
            $"unix_sock_dir = \"{_directory}\"\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n"
                + $"log_outputs = \"3:file:{_directory}/libvirtd.log\"\n",
            TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(_directory, "etc", "qemu.conf"),
            "stdio_handler = \"file\"\nuser = \"+0\"\ngroup = \"+0\"\ndynamic_ownership = 0\nremember_owner = 0\n"
                + "security_driver = \"none\"\nnamespaces = [ ]\ncgroup_controllers = [ ]\n",
            TestContext.Current.CancellationToken);
        File.Delete(Path.Combine(_directory, "libvirt-sock"));
        var script = "set -e; mkdir -p /run/libvirt /var/lib/libvirt /etc/libvirt /var/cache/libvirt /var/log/libvirt; "
            + $"mount --bind {_directory}/run /run/libvirt; mount --bind {_directory}/lib /var/lib/libvirt; "
            + $"mount --bind {_directory}/etc /etc/libvirt; mount --bind {cache} /var/cache/libvirt; "
            + $"mount --bind {_directory}/log /var/log/libvirt; exec /usr/sbin/libvirtd -f {config} -p {_directory}/libvirtd.pid";
        _process = Process.Start(new ProcessStartInfo("unshare", ["-m", "sh", "-c", script]) { UseShellExecute = false })!;
        await Patience.UntilAsync(() => File.Exists(Path.Combine(_directory, "libvirt-sock")) || _process.HasExited, "libvirtd listens");
        Assert.False(_process.HasExited);
    }

    /// <summary>Kills it, as a crash would; the guests go on.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The process of a guest.</summary>
    public int PidOf(Guid uuid) => int.Parse(File.ReadAllText(Path.Combine(_directory, "run", "qemu", $"{uuid:D}.pid")));

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process!.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        var run = Path.Combine(_directory, "run", "qemu");
        foreach (var file in Directory.Exists(run) ? Directory.GetFiles(run, "*.pid") : [])
        {
            if (Path.GetFileName(file) != "driver.pid" && File.Exists($"/proc/{File.ReadAllText(file).Trim()}/cmdline"))
            {
                Process.GetProcessById(int.Parse(File.ReadAllText(file))).Kill();
            }
        }

        Directory.Delete(_directory, recursive: true);
    }
}
