using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Redoubt.Server.Nbd;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Nbd;

/// <summary>Disks read over NBD: by QEMU's own programs over TLS, and byte by byte by clients that mean well and by others.</summary>
public sealed class NbdTests : IAsyncLifetime
{
    private const int Size = 4 << 20;
    private const uint TlsRequired = 5;
    private const uint Policy = 2;
    private const uint Invalid = 3;
    private const uint Platform = 4;
    private const uint Unknown = 6;

    private readonly TestPool _pool = new() { Listen = ["http://127.0.0.1:0", "https://127.0.0.1:0"] };
    private readonly byte[] _content = new byte[Size];
    private string _network = "";
    private string _sr = "";
    private string _disk = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _pool.InitializeAsync();
        _network = (await _pool.CallAsync("network.create", new Dictionary<string, object>
        {
            ["name_label"] = "backups",
            ["bridge"] = "lo",
            ["other_config"] = new Dictionary<string, string>(),
        })).GetString()!;
        _sr = await _pool.CreateSrAsync();
        new Random(7).NextBytes(_content.AsSpan(1 << 20, 1 << 20));
        _content[^1] = 9;
        _disk = await CreateDiskAsync(_content);
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    [Fact]
    public async Task QEMUs_programs_read_a_disk_over_TLS_with_the_certificate_that_is_told_and_see_its_holes()
    {
        Assert.Equal(0, (await _pool.CallAsync("VDI.get_nbd_info", _disk)).GetArrayLength());
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        var uuid = (await _pool.CallAsync("VDI.get_uuid", _disk)).GetString();
        Assert.Equal($"/{uuid}?session_id={_pool.Session}", info.GetProperty("exportname").GetString());
        Assert.Equal("127.0.0.1", info.GetProperty("address").GetString());
        Assert.Contains(info.GetProperty("subject").GetString(), new[] { "localhost", Dns.GetHostName() });
        var directory = _pool.NewDirectory();
        await File.WriteAllTextAsync(Path.Combine(directory, "ca-cert.pem"), info.GetProperty("cert").GetString(), Cancel);
        string[] tls = ["--object", $"tls-creds-x509,id=tls,endpoint=client,sanity-check=off,dir={directory}", "--image-opts"];
        var image = $"driver=nbd,host=127.0.0.1,port={PortOf(info)},export={info.GetProperty("exportname").GetString()},tls-creds=tls,"
            + "tls-hostname=localhost";
        var copy = Path.Combine(directory, "copy.raw");
        Assert.True(await Programs.RunAsync("qemu-img", ["convert", .. tls, image, "-O", "raw", copy]));
        Assert.Equal(_content, await File.ReadAllBytesAsync(copy, Cancel));
        var (code, map) = await Programs.ReadAsync("qemu-img", ["map", "--output=json", .. tls, image]);
        Assert.Equal(0, code);
        using var holes = JsonDocument.Parse(map);
        Assert.Contains(holes.RootElement.EnumerateArray(), e => e.GetProperty("zero").GetBoolean());

        // Nobody writes.
        (code, _) = await Programs.ReadAsync("qemu-io", [.. tls, "-c", "write 0 512", image]);
        Assert.NotEqual(0, code);

        // Another server's certificate is not taken for this one's.
        await File.WriteAllTextAsync(Path.Combine(directory, "ca-cert.pem"), OtherCertificate(), Cancel);
        Assert.False(await Programs.RunAsync("qemu-img", ["info", .. tls, image]));

        // Whoever has read has let it go.
        await _pool.CallAsync("VDI.destroy", _disk);
        await NothingLeftAsync();
    }

    [Theory]
    [InlineData(3u)]
    [InlineData(1u)]
    public async Task A_disk_is_read_in_the_oldest_way_in_pieces_and_by_several_connections_at_once(uint flags)
    {
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        var name = info.GetProperty("exportname").GetString()!;
        var clients = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ConnectAsync(info, flags)));
        var sizes = await Task.WhenAll(clients.Select(c => c.OpenAsync(name, hasZeros: flags == 1)));
        Assert.All(sizes, s => Assert.Equal(Size, s));
        foreach (var (i, client) in clients.Index())
        {
            var (offset, length) = ((1 << 20) + (i * 77_777), 65_536 * (i + 1));
            Assert.Equal(_content[offset..(offset + length)], await client.ReadDiskAsync(offset, length));
            Assert.NotEqual(0u, await client.WriteDiskAsync(0, new byte[512]));
        }

        // One QEMU for all of them, and nobody changes the disk as long as one reads.
        Assert.Single(Engines());
        foreach (var client in clients[1..])
        {
            await client.LeaveAsync();
            await client.DisposeAsync();
        }

        Assert.Equal(["VDI_IN_USE", _disk, "destroy"], await _pool.FailureAsync("VDI.destroy", _disk));
        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", (await _pool.FailureAsync("VDI.resize", _disk, 2L * Size))[0]);
        Assert.Equal(_content[^512..], await clients[0].ReadDiskAsync(Size - 512, 512));
        await clients[0].DisposeAsync();
        await _pool.CallAsync("VDI.destroy", _disk);
        await NothingLeftAsync();
    }

    [Fact]
    public async Task Who_may_not_is_told_so_and_reads_nothing()
    {
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        var name = info.GetProperty("exportname").GetString()!;
        var (path, uuid) = (name.Split('?')[0], name.Split('?')[0][1..]);
        await using (var clear = await NbdClient.ConnectAsync(PortOf(info)))
        {
            Assert.Equal(TlsRequired, (await clear.AskAsync(NbdClient.Go, name)).Kind);
            Assert.Equal(TlsRequired, (await clear.AskAsync(NbdClient.List, [])).Kind);
            await clear.SendAsync(NbdClient.ExportName, System.Text.Encoding.UTF8.GetBytes(name));
            Assert.True(await clear.IsAtEndAsync());
        }

        await using (var client = await ConnectAsync(info))
        {
            Assert.Equal(Invalid, (await client.AskAsync(NbdClient.StartTls, [])).Kind);
            Assert.Equal(Policy, (await client.AskAsync(NbdClient.List, [])).Kind);
            Assert.Equal(Policy, (await client.AskAsync(NbdClient.Go, path)).Kind);
            Assert.Equal(Policy, (await client.AskAsync(NbdClient.Go, $"{path}?session_id=OpaqueRef:nope")).Kind);
            foreach (var unknown in new[] { "", "disk", "/", $"/{Guid.NewGuid()}", uuid })
            {
                Assert.Equal(Unknown, (await client.AskAsync(NbdClient.Info, $"{unknown}?session_id={_pool.Session}")).Kind);
            }

            // A role below, and one that is enough.
            await _pool.CreateUserAsync("oper", "vm-operator");
            await _pool.CreateUserAsync("backup", "vm-admin");
            var low = await _pool.LoginAsync("oper");
            Assert.Equal("RBAC_PERMISSION_DENIED", (await _pool.RawFailureAsync("VDI.get_nbd_info", low, _disk))[0]);
            var (kind, said) = await client.AskAsync(NbdClient.Go, $"{path}?session_id={low}");
            Assert.Equal(Policy, kind);
            Assert.Contains("get_nbd_info", said, StringComparison.Ordinal);
            var foreign = await _pool.OpenForeignAsync();
            Assert.Equal(Policy, (await client.AskAsync(NbdClient.Info, $"{path}?session_id={foreign}")).Kind);
            name = $"{path}?session_id={await _pool.LoginAsync("backup")}";
            Assert.Equal(1u, (await client.AskAsync(NbdClient.Info, name)).Kind);

            // One connection, one disk.
            var other = await CreateDiskAsync(_content);
            Assert.Equal(
                Policy,
                (await client.AskAsync(NbdClient.Go, (await InfoAsync(other)).GetProperty("exportname").GetString()!)).Kind);
            Assert.Equal(1u, (await client.AskAsync(NbdClient.Go, name)).Kind);
            Assert.Equal(_content[^512..], await client.ReadDiskAsync(Size - 512, 512));
        }

        // What is no disk, and what somebody else has.
        await _pool.CallAsync("SR.enable_database_replication", _sr);
        var metadata = (await _pool.CallAsync("VDI.get_all_records")).EnumerateObject()
            .Where(v => v.Value.GetProperty("type").GetString() == "metadata").ToList();
        Assert.NotEmpty(metadata);
        foreach (var vdi in metadata)
        {
            Assert.Equal(["VDI_INCOMPATIBLE_TYPE", vdi.Name, "metadata"], await _pool.FailureAsync("VDI.get_nbd_info", vdi.Name));
            await using var client = await ConnectAsync(info);
            Assert.Equal(
                Platform,
                (await client.AskAsync(
                    NbdClient.Go, $"/{vdi.Value.GetProperty("uuid").GetString()}?session_id={_pool.Session}")).Kind);
        }

        await _pool.Server.Daemon.Services.Database.WriteAsync(
            tx => tx.Create(new VbdRecord { Vdi = new(_disk), CurrentlyAttached = true, Mode = VbdMode.Rw }), Cancel);
        await using (var client = await ConnectAsync(info))
        {
            var (kind, said) = await client.AskAsync(NbdClient.Go, name);
            Assert.Equal(Platform, kind);
            Assert.Contains("in use", said, StringComparison.Ordinal);
        }

        await NothingLeftAsync();
        var read = (await _pool.AuditAsync()).Where(l => l.GetProperty("call").GetString() == "nbd").ToList();
        Assert.Contains(read, l => l.GetProperty("user").GetString() == "backup" && l.GetProperty("result").GetString() == "ok"
            && l.GetProperty("objects")[0].GetProperty("uuid").GetString() == uuid);
        Assert.Contains(read, l => l.GetProperty("user").GetString() == "oper"
            && l.GetProperty("result").GetString() == "RBAC_PERMISSION_DENIED");
    }

    [Fact]
    public async Task Whoever_logs_out_or_loses_the_role_reads_no_longer_and_nobody_does_without_the_purpose()
    {
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        var path = info.GetProperty("exportname").GetString()!.Split('?')[0];
        var user = await _pool.CreateUserAsync("backup", "vm-admin");
        async Task<NbdClient> ReadAsync(string session)
        {
            var client = await ConnectAsync(info);
            await client.OpenAsync($"{path}?session_id={session}", hasZeros: false);
            await client.ReadDiskAsync(0, 512);
            return client;
        }

        var session = await _pool.LoginAsync("backup");
        await using (var client = await ReadAsync(session))
        {
            await _pool.ResultAsync("session.logout", session);
            Assert.True(await client.IsAtEndAsync());
        }

        await using (var client = await ReadAsync(await _pool.LoginAsync("backup")))
        {
            await _pool.CallAsync("subject.remove_from_roles", user, await _pool.RoleAsync("vm-admin"));
            Assert.True(await client.IsAtEndAsync());
        }

        await using (var client = await ReadAsync(_pool.Session))
        {
            await _pool.CallAsync("network.remove_purpose", _network, "nbd");
            Assert.True(await client.IsAtEndAsync());
        }

        Assert.Equal(0, (await _pool.CallAsync("VDI.get_nbd_info", _disk)).GetArrayLength());
        await Patience.UntilAsync(() => !Answers(PortOf(info)), "nobody listens any more");

        // In clear, for those who want that.
        await _pool.CallAsync("network.add_purpose", _network, "insecure_nbd");
        info = await InfoAsync(_disk);
        var copy = Path.Combine(_pool.NewDirectory(), "copy.raw");
        Assert.True(await Programs.RunAsync(
            "qemu-img", "convert", "--image-opts",
            $"driver=nbd,host=127.0.0.1,port={PortOf(info)},export={info.GetProperty("exportname").GetString()}", "-O", "raw", copy));
        Assert.Equal(_content, await File.ReadAllBytesAsync(copy, Cancel));
        await NothingLeftAsync();
    }

    [Fact]
    public async Task A_port_that_somebody_else_has_is_told_of_and_taken_when_it_is_free()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await _pool.StopAsync();
        _pool.NbdPort = ((IPEndPoint)taken.LocalEndpoint).Port;
        await _pool.StartAsync();
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var said = await _pool.FailureAsync("VDI.get_nbd_info", _disk);
        Assert.Equal("OPERATION_NOT_ALLOWED", said[0]);
        Assert.Contains($"port {_pool.NbdPort}", said[1], StringComparison.Ordinal);
        taken.Stop();
        Assert.Equal(_pool.NbdPort, PortOf(await InfoAsync(_disk)));
    }

    [Fact]
    public async Task Clients_that_are_silent_many_or_out_of_their_mind_keep_nobody_from_reading()
    {
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        var (port, name) = (PortOf(info), info.GetProperty("exportname").GetString()!);
        var idle = new List<NbdClient>();
        for (var i = 0; i < NbdServer.MostStrangers + 20; i++)
        {
            idle.Add(await NbdClient.ConnectAsync(port));
        }

        Assert.True(await idle[0].IsAtEndAsync());
        await RequireReadableAsync(info);
        foreach (var client in idle)
        {
            await client.DisposeAsync();
        }

        var random = new Random(11);
        for (var i = 0; i < 200; i++)
        {
            var said = new byte[random.Next(1, 400)];
            random.NextBytes(said);
            var isSecure = i % 2 == 0;
            await using var client = isSecure ? await ConnectAsync(info) : await NbdClient.ConnectAsync(port, i % 7 == 0 ? (uint)i : 3);
            var option = (uint)random.Next(0, 14);
            byte[] sent = (i % 5) switch
            {
                0 => said,
                1 => [.. "IHAVEOPT"u8, 0, 0, 0, (byte)option, 0xff, 0xff, 0xff, 0xff],
                2 => [.. "IHAVEOPT"u8, 0, 0, 0, (byte)option, 0, 0, 0, (byte)Math.Min(255, said.Length), .. said],
                3 => [.. "IHAVEOPT"u8, 0, 0, 0, (byte)option, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
                _ => [.. "IHAVEOPT"u8, 0, 0, 0, 7, 0, 0, (byte)((NbdClient.About(name).Length + 1) >> 8),
                    (byte)(NbdClient.About(name).Length + 1), .. NbdClient.About(name), 7],
            };
            try
            {
                await client.Stream.WriteAsync(sent, Cancel);
            }
            catch (IOException)
            {
                // It was hung up on before it had said all.
            }
        }

        // What QEMU makes of garbage after the handshake concerns that connection alone.
        await using (var client = await ConnectAsync(info))
        {
            await client.OpenAsync(name, hasZeros: false);
            await client.Stream.WriteAsync(new byte[64], Cancel);
        }

        await RequireReadableAsync(info);
        await NothingLeftAsync();
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_not_waited_for_without_end()
    {
        await _pool.CallAsync("network.add_purpose", _network, "nbd");
        var info = await InfoAsync(_disk);
        await using var client = await NbdClient.ConnectAsync(PortOf(info));
        await client.Stream.WriteAsync("IHAVEOPT"u8.ToArray(), Cancel);
        Assert.True(await client.IsAtEndAsync().WaitAsync(TimeSpan.FromSeconds(40), Cancel));
        await NothingLeftAsync();
    }

    private static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int PortOf(JsonElement info) => info.GetProperty("port").GetInt32();

    private static Task<NbdClient> ConnectAsync(JsonElement info, uint flags = 3) =>
        NbdClient.ConnectSecurelyAsync(PortOf(info), info.GetProperty("cert").GetString()!, flags);

    private static string OtherCertificate()
    {
        using var pair = System.Security.Cryptography.ECDsa.Create();
        using var made = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=localhost", pair, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSelfSigned(
            TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return made.ExportCertificatePem();
    }

    private async Task RequireReadableAsync(JsonElement info)
    {
        await using var client = await ConnectAsync(info);
        Assert.Equal(Size, await client.OpenAsync(info.GetProperty("exportname").GetString()!, hasZeros: false));
        Assert.Equal(_content[^512..], await client.ReadDiskAsync(Size - 512, 512));
        await client.LeaveAsync();
    }

    // The address that can be reached from here.
    private async Task<JsonElement> InfoAsync(string disk) => (await _pool.CallAsync("VDI.get_nbd_info", disk)).EnumerateArray()
        .Single(i => i.GetProperty("address").GetString() == "127.0.0.1");

    private async Task<string> CreateDiskAsync(byte[] content)
    {
        var disk = (await _pool.CallAsync("VDI.create", new Dictionary<string, object>
        {
            ["name_label"] = "disk",
            ["SR"] = _sr,
            ["virtual_size"] = content.Length,
            ["type"] = "user",
            ["other_config"] = new Dictionary<string, string>(),
        })).GetString()!;
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await _pool.Http.PutAsync(
            new Uri(_pool.Url, $"/import_raw_vdi?vdi={disk}&format=raw&session_id={_pool.Session}"), body, Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return disk;
    }

    // QEMU's processes for the disks of this pool, by where they work.
    private IEnumerable<string> Engines() => Directory.Exists(Path.Combine(_pool.DataDirectory, "scratch"))
        ? Directory.EnumerateDirectories(Path.Combine(_pool.DataDirectory, "scratch"), "nbd-*")
        : [];

    private async Task NothingLeftAsync()
    {
        await Patience.UntilAsync(() => _pool.Server.Nbd.Count == 0 && !Engines().Any(), "all connections are let go");
        Assert.All(
            (await _pool.CallAsync("VDI.get_all_records")).EnumerateObject(),
            v => Assert.Empty(v.Value.GetProperty("current_operations").EnumerateObject()));
    }
}
