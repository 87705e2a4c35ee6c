namespace Redoubt.Recovery.Tests;

/// <summary>The commands about archives and backups of metadata, against a real server.</summary>
public sealed class MetadataCommandTests
{
    [Fact]
    public async Task VMs_go_out_and_come_back_by_command_and_by_backup()
    {
        await using var site = await RealSite.StartAsync("site");
        var sr = await OutAsync(
            site, "sr-create", "name-label=store", "type=file", "shared=true", $"device-config:location={site.Storage}");
        var vm = await OutAsync(site, "vm-create", "name-label=db", "memory=128MiB", "VCPUs=1");
        var vdi = await OutAsync(site, "vdi-create", $"sr-uuid={sr}", "name-label=system", "virtual-size=1MiB");
        await OutAsync(site, "vbd-create", $"vm-uuid={vm}", $"vdi-uuid={vdi}", "device=0");
        var app = await OutAsync(site, "appliance-create", "name-label=shop");
        await OutAsync(site, "vm-param-set", $"uuid={vm}", $"appliance={app}");

        var file = site.NewFile("db.xva");
        await OutAsync(site, "vm-export", "vapp=shop", "metadata=true", $"filename={file}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var date = await OutAsync(site, "metadata-backup-create", $"sr-uuid={sr}", "keep=4");
        Assert.Equal(date, await OutAsync(site, "metadata-backup-list", $"sr-uuid={sr}", "--minimal"));
        await OutAsync(site, "metadata-backup-schedule", $"sr-uuid={sr}", "interval=daily", "keep=4");

        await OutAsync(site, "vm-destroy", $"uuid={vm}");
        Assert.Contains(
            "Would import db", await OutAsync(site, "vm-import", "metadata=true", "preserve=true", $"filename={file}", "--dry-run"),
            StringComparison.Ordinal);
        Assert.Equal(vm, await OutAsync(site, "vm-import", "metadata=true", "preserve=true", $"filename={file}"));

        // Not over one that is newer; with --force it is, and in its vApp again.
        var (refusedCode, refused, _) = await site.RunAsync("metadata-backup-restore", $"sr-uuid={sr}", "--dry-run");
        Assert.NotEqual(0, refusedCode);
        Assert.Contains($"failed: VM db ({vm})", refused, StringComparison.Ordinal);
        var restored = await OutAsync(site, "metadata-backup-restore", $"sr-uuid={sr}", $"date={date}", "mode=all", "--force");
        Assert.Contains($"restored: VM db ({vm})", restored, StringComparison.Ordinal);
        Assert.Equal("1", await OutAsync(site, "vm-list", $"uuid={vm}", "params=version", "--minimal"));
        Assert.Equal(app, await OutAsync(site, "vm-param-get", $"uuid={vm}", "param-name=appliance"));
    }

    private static async Task<string> OutAsync(RealSite site, params string[] words)
    {
        var (code, output, error) = await site.RunAsync(words);
        Assert.True(code == 0, $"{words[0]}: {code} {error}{output}");
        return output.TrimEnd('\n');
    }
}
