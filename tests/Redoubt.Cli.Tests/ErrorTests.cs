using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

public sealed class ErrorTests
{
    [Fact]
    public async Task A_refusal_is_explained_and_its_code_shown()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, "vm-destroy uuid=nope");
        Assert.Equal(
            "The uuid you supplied was invalid.\ntype: VM\nuuid: nope\nThere is no VM with the UUID nope. The matching -list command shows "
                + "which there are.\nError code: UUID_INVALID\n",
            run.Error);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Equal(0, pool.OpenSessions);
    }

    [Fact]
    public async Task Objects_in_a_refusal_are_named()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VDI.destroy", a => throw new XenApiException("VDI_IN_USE", FakeDatabase.Text(a[0]), "destroy"));
        var run = await CliRun.AgainstAsync(pool, $"vdi-destroy uuid={Scene.DiskUuid}");
        Assert.StartsWith(
            $"This operation cannot be performed because this VDI is in use by some other operation\nvdi: {Scene.DiskUuid} (web "
                + $"disk)\noperation: destroy\nDisk {Scene.DiskUuid} (web disk) is in use.",
            run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_that_name_each_other_as_the_coordinator_are_not_followed_for_ever()
    {
        await using var one = await Scene.StartAsync();
        await using var other = await Scene.StartAsync();
        var logins = 0;
        Name(one, other);
        Name(other, one);
        var run = await CliRun.AgainstAsync(one, "vm-list");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("HOST_IS_SLAVE", run.Error, StringComparison.Ordinal);
        Assert.Equal(4, logins);

        void Name(FakePool member, FakePool coordinator) => member.On("session.login_with_password", _ =>
        {
            logins++;
            throw new XenApiException("HOST_IS_SLAVE", new Uri(coordinator.Url).Authority);
        });
    }

    [Fact]
    public async Task What_a_refusal_says_is_said_once()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.pause", _ => throw new XenApiException("DR_RUN_REFUSED", "The moon is full."));
        Assert.Equal("The moon is full.\nError code: DR_RUN_REFUSED\n", (await CliRun.AgainstAsync(pool, "vm-pause vm=web")).Error);
    }

    [Fact]
    public async Task No_VM_is_said_in_words_of_xe_too()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, "vm-pause vm=nobody");
        Assert.EndsWith("\nmessage: Failure: No matching VMs found\nNo VM matches.\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_without_a_sentence_is_shown_as_it_is()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.pause", _ => throw new XenApiException("SOMETHING_NEW"));
        Assert.Equal("Error code: SOMETHING_NEW\nError parameters: \n", (await CliRun.AgainstAsync(pool, "vm-pause vm=web")).Error);
    }

    [Fact]
    public async Task A_wrong_password_is_never_repeated()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.RunAsync(["-s", pool.Url, "-u", "root", "-pw", "s3cret", "vm-list"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("\nThe user name or the password is wrong, or could not be checked (", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_has_an_exit_code_of_its_own()
    {
        var run = await CliRun.RunAsync(["-s", "http://127.0.0.1:1", "-pw", "x", "vm-list"]);
        Assert.Equal((2, "Can't connect to 127.0.0.1:1: Connection refused\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("vm-strat", "Unknown command: vm-strat\nThere is no command 'vm-strat'. Did you mean vm-start")]
    [InlineData("-pw x vm-destroy", "Required parameter not found: uuid\nvm-destroy needs uuid=")]
    [InlineData("qqqqqqqqqqqq", "'redoubt help' lists them")]
    [InlineData("-s example.org --nossl -pw x vm-list", "Plain HTTP would send the password to example.org")]
    [InlineData("-s http://example.org -pw x vm-list", "Plain HTTP would send the password to example.org")]
    [InlineData("-s ftp://127.0.0.1 -pw x vm-list", "-s must be")]
    [InlineData("-p 70000 -pw x vm-list", "70000 is no port number.")]
    [InlineData("-pw", "-pw must be followed by a value.")]
    [InlineData("-x vm-list", "There is no option -x.")]
    [InlineData("vm-list", "No password.")]
    [InlineData("-pwf /nonexistent/file vm-list", "can't be read")]
    [InlineData("-pw x vm-list uuid=1 uuid=2", "uuid= is given twice.")]
    [InlineData("-pw x sr-create bare", "sr-create needs name-label= and type=; 'bare' is no key=value parameter.")]
    public async Task A_wrong_command_line_is_explained(string line, string complaint)
    {
        var run = await CliRun.RunAsync(line.Split(' '));
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(complaint, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extra_arguments_and_a_password_file_stand_before_the_command_line()
    {
        await using var pool = await Scene.StartAsync();
        var file = Path.GetTempFileName();
        await File.WriteAllLinesAsync(file, ["root", FakePool.Password], TestContext.Current.CancellationToken);
        var run = await CliRun.RunAsync(["host-list", "params=name-label", "--minimal"], extra: $"-s,{pool.Url},-pwf,{file}");
        Assert.Equal("north\n", run.Output);
        File.Delete(file);
    }

    [Fact]
    public async Task A_certificate_is_trusted_on_first_use_and_refused_when_it_changes()
    {
        var folder = Directory.CreateTempSubdirectory("redoubt-cli-");
        var known = Path.Combine(folder.FullName, "redoubt", "known-pools");
        await using var pool = await FakePool.StartAsync(Certificate());
        string[] words = ["-s", pool.Url, "-pw", FakePool.Password, "vm-list", "--minimal"];

        var first = await CliRun.RunAsync(words, knownPools: known);
        Assert.Equal(0, first.ExitCode);
        Assert.StartsWith("First connection to 127.0.0.1:", first.Error, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(known));

        Assert.Equal((0, ""), await CliRun.RunAsync(words, knownPools: known) is var second ? (second.ExitCode, second.Error) : default);

        await File.WriteAllTextAsync(known, $"{new Uri(pool.Url).Authority} 0000\n", TestContext.Current.CancellationToken);
        var changed = await CliRun.RunAsync(words, knownPools: known);
        Assert.Equal(2, changed.ExitCode);
        Assert.StartsWith($"The certificate of {new Uri(pool.Url).Authority} has changed.", changed.Error, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=redoubt test", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }
}
