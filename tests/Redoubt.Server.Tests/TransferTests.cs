using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Redoubt.Server.Tests;

public sealed class TransferTests(TestPool pool) : IClassFixture<TestPool>
{
    private const int Size = 4 << 20;

    [Fact]
    public async Task A_disk_comes_back_as_it_went_in_raw_and_as_qcow2()
    {
        var sr = await pool.CreateSrAsync();
        var (first, second) = (await CreateVdiAsync(sr), await CreateVdiAsync(sr));
        var content = new byte[Size];
        new Random(5).NextBytes(content.AsSpan(0, 1 << 20));
        Assert.Equal(HttpStatusCode.OK, await PutAsync($"vdi={first}&format=raw&session_id={pool.Session}&task_id=x", content));
        Assert.Equal(content, await GetAsync($"vdi={first}&format=raw&session_id={pool.Session}"));
        var image = await GetAsync($"vdi={first}&format=qcow2&session_id={pool.Session}");
        Assert.Equal("QFI\xfb"u8[..3].ToArray(), image[..3]);
        var uuid = (await pool.CallAsync("VDI.get_uuid", second)).GetString();
        Assert.Equal(HttpStatusCode.OK, await PutAsync($"vdi={uuid}&format=qcow2&session_id={pool.Session}", image));
        Assert.Equal(content, await GetAsync($"vdi={second}&session_id={pool.Session}"));
    }

    [Theory]
    [InlineData("vdi=OpaqueRef:nope&session_id=$", HttpStatusCode.NotFound, "HANDLE_INVALID")]
    [InlineData("vdi=nope&session_id=$", HttpStatusCode.NotFound, "UUID_INVALID")]
    [InlineData("session_id=$", HttpStatusCode.BadRequest, "INVALID_VALUE")]
    [InlineData("vdi=x&format=vhd&session_id=$", HttpStatusCode.BadRequest, "VALUE_NOT_SUPPORTED")]
    [InlineData("vdi=x&session_id=OpaqueRef:bad", HttpStatusCode.Unauthorized, "SESSION_INVALID")]
    [InlineData("vdi=x", HttpStatusCode.Unauthorized, "401 unauthorised")]
    public async Task A_transfer_that_can_not_be_says_why(string query, HttpStatusCode status, string expected)
    {
        using var response = await pool.Http.GetAsync(
            new Uri(pool.Url, "/export_raw_vdi?" + query.Replace("$", pool.Session, StringComparison.Ordinal)),
            TestContext.Current.CancellationToken);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(
            expected, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_that_is_too_long_is_refused_and_the_disk_stays()
    {
        var vdi = await CreateVdiAsync(await pool.CreateSrAsync());
        Assert.Equal(HttpStatusCode.InternalServerError, await PutAsync($"vdi={vdi}&session_id={pool.Session}", new byte[Size + 512]));
        Assert.All(await GetAsync($"vdi={vdi}&session_id={pool.Session}"), b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task The_database_can_be_taken_by_name_and_password_and_the_session_ends()
    {
        var before = (await pool.CallAsync("pool.get_all")).GetArrayLength();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "/pool/xmldbdump"));
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("root:" + TestPool.Password)));
        using var response = await pool.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.StartsWith(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<database><manifest>",
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(1, before);

        // The server tidies up after it has sent the answer.
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (Directory.GetFiles(Path.Combine(pool.DataDirectory, "scratch")).Length > 0
            || pool.Server.Daemon.Services.State.All<XenApi.SessionRecord>().Any(s => s.Record.Originator == "http"))
        {
            await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    private async Task<string> CreateVdiAsync(string sr) => (await pool.CallAsync("VDI.create", new Dictionary<string, object>
    {
        ["name_label"] = "disk",
        ["name_description"] = "",
        ["SR"] = sr,
        ["virtual_size"] = Size,
        ["type"] = "user",
        ["sharable"] = false,
        ["read_only"] = false,
        ["other_config"] = new Dictionary<string, string>(),
        ["sm_config"] = new Dictionary<string, string>(),
    })).GetString()!;

    private async Task<HttpStatusCode> PutAsync(string query, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        using var response = await pool.Http.PutAsync(new Uri(pool.Url, "/import_raw_vdi?" + query), body);
        return response.StatusCode;
    }

    private async Task<byte[]> GetAsync(string query)
    {
        using var response = await pool.Http.GetAsync(new Uri(pool.Url, "/export_raw_vdi?" + query));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadAsByteArrayAsync();
    }
}
