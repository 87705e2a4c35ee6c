using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Redoubt.Server.Tests.OpenApi;

/// <summary>
/// docs/formats/openapi.json, which follows from the code (<c>script/openapi</c> has this write it anew), and whether what the server
/// answers is as it says.
/// </summary>
public sealed class OpenApiTests(TestPool pool) : IClassFixture<TestPool>
{
    private const string Write = "REDOUBT_WRITE_DOCS";

    private static readonly JsonSerializerOptions Options =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_description_is_what_the_code_does_and_what_the_server_tells()
    {
        var file = Path.Combine(Repository.Root, "docs", "formats", "openapi.json");
        var now = OpenApiDocument.Make().ToJsonString(Options) + "\n";
        if (Environment.GetEnvironmentVariable(Write) is "1")
        {
            await File.WriteAllTextAsync(file, now, TestContext.Current.CancellationToken);
            return;
        }

        var kept = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.True(now == kept, "docs/formats/openapi.json is not current: run script/openapi, and build again.");
        Assert.Equal(kept, await pool.Http.GetStringAsync(new Uri(pool.Url, "/api/openapi.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task It_is_valid_and_answers_are_as_it_says()
    {
        var folder = Path.Combine(Repository.Root, "tests", "interop");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules", "@seriousme")),
            "the npm packages of tests/interop are not installed: run script/prepare --tests");
        var sr = await pool.CreateSrAsync();
        await pool.CallAsync("SR.enable_database_replication", sr);
        await pool.CallAsync("recovery.save_plan", "shop", """{"policy": {"kind": "test"}}""");
        await pool.CallAsync("recovery.add_schedule", "nightly", "shop", "0 3 * * *");
        var start = new ProcessStartInfo("node", ["openapi.mjs", pool.Url.ToString(), pool.PasswordFile])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await error);
    }
}
