using System.Net;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Transfers that are none, and images that would like to be another file.</summary>
public sealed class TransferFuzzTests(TestPool pool) : IClassFixture<TestPool>
{
    private const int Size = 1 << 20;

    [Fact]
    public async Task No_query_meets_a_bug()
    {
        var vdi = await CreateVdiAsync();
        var random = new Random(7);
        string[] values = ["", vdi, pool.Session, "raw", "qcow2", "OpaqueRef:NULL", "OpaqueRef:nope", "%00", "%ff%fe", "../..", new string('x', 2000), "1e999"];
        for (var i = 0; i < 300; i++)
        {
            var query = string.Join('&', new[] { "vdi", "format", "session_id", "task_id", "vdi", "uuid", "uuids", "ref", "all", "vdi:x", "vdi:x", "dry_run", "force", "export_snapshots" }.Where(_ => random.Next(3) > 0).Select(k => $"{k}={values[random.Next(values.Length)]}"));
            var path = random.Next(5) switch
            {
                0 => "/export_raw_vdi",
                1 => "/import_raw_vdi",
                2 => "/export_metadata",
                3 => "/import_metadata/",
                _ => "/pool/xmldbdump",
            };
            using var request = new HttpRequestMessage(
                path[1] == 'i' ? HttpMethod.Put : HttpMethod.Get, new Uri(pool.Url, $"{path}?{query}"));
            request.Content = path[1] == 'i' ? new ByteArrayContent(new byte[random.Next(3) * 512]) : null;
            using var response = await pool.Http.SendAsync(request, TestContext.Current.CancellationToken);
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.False(
                response.StatusCode == HttpStatusCode.InternalServerError && body.Contains("Exception:", StringComparison.Ordinal),
                $"{path}?{query}: {body}");
        }
    }

    [Fact]
    public async Task An_image_that_builds_on_another_file_is_refused_and_shows_nothing_of_it()
    {
        var vdi = await CreateVdiAsync();
        var image = Qcow2(Path.Combine(pool.DataDirectory, "root-password.json"));
        using var refused = await PutAsync(vdi, image);
        Assert.False(refused.IsSuccessStatusCode);
        using var content = await pool.Http.GetAsync(
            new Uri(pool.Url, $"/export_raw_vdi?vdi={vdi}&session_id={pool.Session}"), TestContext.Current.CancellationToken);
        Assert.All(await content.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken), b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task A_mutated_image_is_refused_or_taken_and_never_a_bug()
    {
        var vdi = await CreateVdiAsync();
        var random = new Random(11);
        for (var i = 0; i < 15; i++)
        {
            using var response = await PutAsync(vdi, Breaking.Mutation.Of(Qcow2(null), random));
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotMatch("(NullReference|IndexOutOfRange|Argument[A-Za-z]*|Overflow|InvalidCast)Exception", body);
        }

        Assert.Equal(Size, (await pool.CallAsync("VDI.get_virtual_size", vdi)).GetInt64());
    }

    /// <summary>The body is as long as its sender likes, and the storage is not.</summary>
    [Fact]
    public async Task An_image_that_goes_on_beyond_what_its_disk_can_hold_is_refused()
    {
        var vdi = await CreateVdiAsync();
        var task = (await pool.CallAsync("task.create", "import", "")).GetString()!;
        using var body = new StreamContent(new LongStream(Qcow2(null), 1L << 34));
        try
        {
            using var response = await pool.Http.PutAsync(
                new Uri(pool.Url, $"/import_raw_vdi?vdi={vdi}&format=qcow2&session_id={pool.Session}&task_id={task}"), body,
                TestContext.Current.CancellationToken);
            Assert.False(response.IsSuccessStatusCode);
        }
        catch (HttpRequestException)
        {
            // Whoever still sends when the server has hung up may see no more than that; the task says why.
        }

        await Patience.UntilAsync(
            async () => (await pool.CallAsync("task.get_status", task)).GetString() == "failure", "the import has failed");
        Assert.Contains(
            "twice what the disk can hold", (await pool.CallAsync("task.get_error_info", task)).ToString(), StringComparison.Ordinal);
    }

    /// <summary>Whatever the method, every address answers as HTTP has it, and none with a fault of the server's own.</summary>
    [Fact]
    public async Task No_method_at_no_address_meets_a_bug()
    {
        string[] paths =
        [
            "/", "/jsonrpc", "/RPC2", "/import_raw_vdi", "/export_raw_vdi/", "/pool/xmldbdump", "/export_metadata", "/import_metadata",
            "/cli/files/", "/cli/files/../../health",
            "/health", "/console", "/console/", "/console/login", "/console/runs/x/report.html", "/console/_blazor",
            "/console/_blazor/negotiate?negotiateVersion=1", "/console/../jsonrpc",
            "/console/%2e%2e/%2e%2e/etc/passwd", "/console/_framework/..%2f..%2fappsettings.json", "/%00", "//", "/vnc",
            "/console?session_id=a&session_id=b", "/rrd_updates", "/export?uuid=a&uuid=b",
        ];
        foreach (var path in paths)
        {
            foreach (var method in new[] { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "X" })
            {
                using var request = new HttpRequestMessage(
                    new HttpMethod(method),
                    new Uri(
                        pool.Url.GetLeftPart(UriPartial.Authority) + path,
                        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
                request.Headers.TryAddWithoutValidation("Range", "bytes=-1,0-0,99999999999999999999-");
                request.Headers.TryAddWithoutValidation("Cookie", "session_id=\"; session_id=x; =");
                request.Headers.TryAddWithoutValidation("If-Modified-Since", "never");
                request.Headers.TryAddWithoutValidation("Accept-Language", new string(',', 500));
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                limit.CancelAfter(TimeSpan.FromMinutes(2));
                using var response = await pool.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                Assert.True(response.StatusCode != HttpStatusCode.InternalServerError, $"{method} {path}: {(int)response.StatusCode}");
            }
        }
    }

    private async Task<HttpResponseMessage> PutAsync(string vdi, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        return await pool.Http.PutAsync(
            new Uri(pool.Url, $"/import_raw_vdi?vdi={vdi}&format=qcow2&session_id={pool.Session}"), body,
            TestContext.Current.CancellationToken);
    }

    private async Task<string> CreateVdiAsync() => (await pool.CallAsync("VDI.create", new
    {
        name_label = "disk",
        name_description = "",
        SR = await pool.CreateSrAsync(),
        virtual_size = Size,
        type = "user",
        sharable = false,
        read_only = false,
        other_config = new { },
    })).GetString()!;

    /// <summary>
    /// A qcow2 header of version 2 (numbers are big-endian), with empty tables, and the name of a backing file behind it.
    /// </summary>
    private static byte[] Qcow2(string? backing)
    {
        var image = new byte[4 << 16];
        void Put(int at, ulong value, int bytes)
        {
            for (var i = 0; i < bytes; i++)
            {
                image[at + i] = (byte)(value >> (8 * (bytes - 1 - i)));
            }
        }

        Put(0, 0x514649fb, 4); // magic
        Put(4, 2, 4); // version
        Put(20, 16, 4); // bits of a cluster
        Put(24, Size, 8);
        Put(36, 1, 4); // entries of the first table
        Put(40, 3 << 16, 8); // where it is
        Put(48, 1 << 16, 8); // where the table of reference counts is
        Put(56, 1, 4); // its clusters
        Put(1 << 16, 2 << 16, 8); // its one block
        for (var i = 0; i < 4; i++)
        {
            Put((2 << 16) + (2 * i), 1, 2);
        }

        if (backing is not null)
        {
            var name = System.Text.Encoding.UTF8.GetBytes(backing);
            Put(8, 128, 8);
            Put(16, (ulong)name.Length, 4);
            name.CopyTo(image, 128);
        }

        return image;
    }
}
