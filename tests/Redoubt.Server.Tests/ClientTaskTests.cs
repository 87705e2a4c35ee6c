using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Redoubt.Server.Tests;

/// <summary>A task that a client made for a transfer comes to its end, whatever the transfer and whatever becomes of it.</summary>
public sealed class ClientTaskTests(TestPool pool) : IClassFixture<TestPool>
{
    private const int Size = 4 << 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public async Task Every_handler_ends_it_in_and_out_with_and_without_the_last_slash(string slash)
    {
        var vdi = await CreateVdiAsync();
        await pool.CallAsync(
            "VM.create",
            new
            {
                name_label = "archived",
                memory_static_max = 64 << 20,
                memory_dynamic_max = 64 << 20,
                VCPUs_max = 1,
                VCPUs_at_startup = 1,
            });
        var dump = await GetAsync($"/pool/xmldbdump{slash}", "", HttpStatusCode.OK);
        await PutAsync($"/import_raw_vdi{slash}", $"vdi={vdi}", new byte[Size], HttpStatusCode.OK);
        Assert.Equal(Size, (await GetAsync($"/export_raw_vdi{slash}", $"vdi={vdi}", HttpStatusCode.OK)).Length);
        var archive = await GetAsync($"/export_metadata{slash}", "all=true&include_dom0=false", HttpStatusCode.OK);
        await PutAsync($"/import_metadata{slash}", "dry_run=true", archive, HttpStatusCode.OK);
        await PutAsync($"/pool/xmldbdump{slash}", "dry_run=true", dump, HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("GET", "/export_raw_vdi", "vdi=OpaqueRef:nope", "HANDLE_INVALID")]
    [InlineData("GET", "/export_raw_vdi/", "vdi=x&format=vhd", "VALUE_NOT_SUPPORTED")]
    [InlineData("PUT", "/import_raw_vdi", "vdi=OpaqueRef:nope", "HANDLE_INVALID")]
    [InlineData("PUT", "/import_raw_vdi/", "", "INVALID_VALUE")]
    [InlineData("GET", "/export_metadata/", "uuid=nope", "UUID_INVALID")]
    [InlineData("PUT", "/import_metadata", "restore=perhaps", "INVALID_VALUE")]
    [InlineData("PUT", "/pool/xmldbdump", "", "INVALID_VALUE")]
    public async Task A_refusal_is_told_by_it(string method, string path, string query, string code)
    {
        var task = await CreateAsync();
        using var request = new HttpRequestMessage(
            new HttpMethod(method), new Uri(pool.Url, $"{path}?session_id={pool.Session}&task_id={task}&{query}"))
        {
            Content = method == "PUT" ? new ByteArrayContent([1, 2, 3]) : null,
        };
        using var response = await pool.Http.SendAsync(request, Cancel);
        Assert.False(response.IsSuccessStatusCode);
        var record = await pool.CallAsync("task.get_record", task);
        Assert.Equal(("failure", code), (record.GetProperty("status").GetString(), record.GetProperty("error_info")[0].GetString()));
        Assert.NotEqual("19700101T00:00:00Z", record.GetProperty("finished").GetString());
    }

    [Fact]
    public async Task Content_that_is_too_long_is_told_by_it()
    {
        var task = await CreateAsync();
        using var content = new ByteArrayContent(new byte[Size + 512]);
        using var response = await pool.Http.PutAsync(
            new Uri(pool.Url, $"/import_raw_vdi?session_id={pool.Session}&task_id={task}&vdi={await CreateVdiAsync()}"), content, Cancel);
        Assert.False(response.IsSuccessStatusCode);
        Assert.Equal("failure", (await pool.CallAsync("task.get_status", task)).GetString());
    }

    [Fact]
    public async Task It_may_be_of_another_session_of_the_same_user_who_gives_name_and_password()
    {
        var task = await CreateAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, $"/pool/xmldbdump?task_id={task}"));
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("root:" + TestPool.Password)));
        using var response = await pool.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        Assert.Equal("success", (await pool.FinishedAsync(task)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task It_says_how_far_the_transfer_is_and_cancelling_it_breaks_that_off()
    {
        var (task, vdi) = (await CreateAsync(), await CreateVdiAsync());
        var body = new PausingContent(Size);
        var sending = pool.Http.PutAsync(
            new Uri(pool.Url, $"/import_raw_vdi?session_id={pool.Session}&task_id={task}&vdi={vdi}"), body, Cancel);
        while ((await pool.CallAsync("task.get_progress", task)).GetDouble() is not (> 0.3 and < 1))
        {
            await Task.Delay(20, Cancel);
        }

        await pool.CallAsync("task.cancel", task);
        Assert.Equal("cancelled", (await pool.FinishedAsync(task)).GetProperty("status").GetString());
        body.GoOn();
        try
        {
            using var response = await sending;
            Assert.False(response.IsSuccessStatusCode);
        }
        catch (HttpRequestException)
        {
            // The server did not want the rest.
        }
    }

    [Fact]
    public async Task Several_who_have_the_database_written_at_once_are_all_told_that_it_was()
    {
        var sr = await pool.CreateSrAsync();
        await pool.CallAsync("SR.enable_database_replication", sr);
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => pool.AnswerAsync("pool.sync_database", pool.Session)));
            Assert.All(answers, a => Assert.True(a.TryGetProperty("result", out var _), a.ToString()));
        }
    }

    private async Task<string> CreateAsync() => (await pool.CallAsync("task.create", "transfer", "")).GetString()!;

    private async Task<byte[]> GetAsync(string path, string query, HttpStatusCode status)
    {
        var task = await CreateAsync();
        using var response = await pool.Http.GetAsync(
            new Uri(pool.Url, $"{path}?session_id={pool.Session}&task_id={task}&{query}"), Cancel);
        Assert.Equal(status, response.StatusCode);
        var content = await response.Content.ReadAsByteArrayAsync(Cancel);
        await RequireSuccessAsync(task, path);
        return content;
    }

    private async Task PutAsync(string path, string query, byte[] content, HttpStatusCode status)
    {
        var task = await CreateAsync();
        using var body = new ByteArrayContent(content);
        using var response = await pool.Http.PutAsync(
            new Uri(pool.Url, $"{path}?session_id={pool.Session}&task_id={task}&{query}"), body, Cancel);
        Assert.True(response.StatusCode == status, await response.Content.ReadAsStringAsync(Cancel));
        await RequireSuccessAsync(task, path);
    }

    private async Task RequireSuccessAsync(string task, string path)
    {
        var record = await pool.FinishedAsync(task);
        Assert.True(record.GetProperty("status").GetString() == "success", path + record);
        Assert.Equal(1, record.GetProperty("progress").GetDouble());
    }

    private async Task<string> CreateVdiAsync() => (await pool.CallAsync("VDI.create", new Dictionary<string, object>
    {
        ["name_label"] = "disk",
        ["SR"] = await pool.CreateSrAsync(),
        ["virtual_size"] = Size,
        ["type"] = "user",
        ["sharable"] = false,
        ["read_only"] = false,
    })).GetString()!;

    /// <summary>Half of a body, and the rest when it is told to go on.</summary>
    private sealed class PausingContent(int size) : HttpContent
    {
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _goOn.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[size / 2], Cancel);
            await stream.FlushAsync(Cancel);
            await _goOn.Task;
            await stream.WriteAsync(new byte[size - (size / 2)], Cancel);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
