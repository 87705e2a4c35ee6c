using System.Diagnostics;
using System.Text;
using Redoubt.Compute;

namespace Redoubt.Bench;

/// <summary>libvirt's own shell, connected to an embedded hypervisor and fed one command after the other.</summary>
internal sealed class Virsh : IDisposable
{
    private const string Prompt = "virsh # ";
    private readonly Process _process;

    private Virsh(Process process) => _process = process;

    public static async Task<Virsh> ConnectAsync(string root)
    {
        Directory.CreateDirectory(Path.Combine(root, "etc"));
        await File.WriteAllTextAsync(
            Path.Combine(root, "etc", "qemu.conf"),
            "stdio_handler = \"file\"\nsecurity_driver = \"none\"\nnamespaces = []\ncgroup_controllers = []\nuser = "
                + "\"+0\"\ngroup = \"+0\"\n");
        var shell = new Virsh(Process.Start(new ProcessStartInfo("virsh")
        {
            ArgumentList = { "-c", HypervisorOptions.EmbeddedUri(root) },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
        await shell.ReadToPromptAsync();
        return shell;
    }

    /// <summary>Runs a command, from sending it to the next prompt.</summary>
    public async Task RunAsync(string command)
    {
        await _process.StandardInput.WriteLineAsync(command);
        await _process.StandardInput.FlushAsync();
        var answer = await ReadToPromptAsync();
        if (answer.Contains("error:", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"virsh {command}: {answer}");
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    private async Task<string> ReadToPromptAsync()
    {
        var text = new StringBuilder();
        var buffer = new char[256];
        while (!text.ToString().EndsWith(Prompt, StringComparison.Ordinal))
        {
            var count = await _process.StandardOutput.ReadAsync(buffer);
            if (count == 0)
            {
                throw new InvalidOperationException($"virsh ended: {text}");
            }

            text.Append(buffer, 0, count);
        }

        return text.ToString();
    }
}
