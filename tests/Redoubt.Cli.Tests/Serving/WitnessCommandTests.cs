namespace Redoubt.Cli.Tests.Serving;

public sealed class WitnessCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("/nonexistent/password")]
    [InlineData("/dev/null")]
    [InlineData("/")]
    public async Task A_password_file_that_says_nothing_is_complained_of_and_nothing_begun(string file)
    {
        var data = Path.Combine(_root, "witness");
        var run = await CliRun.RunAsync(["witness", "--data", data, "--join", "127.0.0.1:1", "--password-file", file]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("password", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(App.Fault, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(data));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
