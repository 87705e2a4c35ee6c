using System.Net;
using System.Text.Json;
using Redoubt.Database.Archive;
using Redoubt.Server.Tests.Hostile;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary><c>/export_metadata</c> and <c>/import_metadata</c> over HTTP, and the client that uses them.</summary>
public sealed class VmMetadataTests(TestPool pool) : IClassFixture<TestPool>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_VM_comes_back_from_its_archive_as_the_same_one_and_as_a_new_one()
    {
        var (vm, uuid, vdi) = await CreateAsync("there and back");
        await using var api = await ClientAsync();
        using var archive = new MemoryStream();
        await api.ExportMetadataAsync(uuid, archive, Cancel);

        // As a new one, beside it.
        archive.Position = 0;
        var (copies, _) = await api.ImportMetadataAsync(archive, new MetadataImport(), cancellationToken: Cancel);
        var copy = await api.CallAsync<VmRecord>("VM.get_record", [Assert.Single(copies)], Cancel);
        Assert.NotEqual(uuid, copy.Uuid);
        Assert.Equal(("there and back", 0L), (copy.NameLabel, copy.Version));

        // As the same one: not over one that is as new, unless that is wanted; a dry run tells and changes nothing.
        archive.Position = 0;
        var refused = await Assert.ThrowsAsync<XenApiException>(
            () => api.ImportMetadataAsync(archive, new MetadataImport { Restore = true }, cancellationToken: Cancel));
        Assert.Equal(["VM_TO_IMPORT_IS_NOT_NEWER_VERSION", vm, "0", "0"], [refused.Code, .. refused.Parameters]);
        archive.Position = 0;
        var (none, text) = await api.ImportMetadataAsync(
            archive, new MetadataImport { Restore = true, Force = true, DryRun = true }, cancellationToken: Cancel);
        Assert.Empty(none);
        Assert.Contains($"Would import there and back ({uuid})", text, StringComparison.Ordinal);
        Assert.Equal("0", (await pool.CallAsync("VM.get_version", vm)).ToString());
        await pool.CallAsync("VM.destroy", vm);
        archive.Position = 0;
        var (made, _) = await api.ImportMetadataAsync(archive, new MetadataImport { Restore = true }, cancellationToken: Cancel);
        var back = await api.CallAsync<VmRecord>("VM.get_record", [Assert.Single(made)], Cancel);
        Assert.Equal((uuid, 1L), (back.Uuid, back.Version));
        Assert.Equal(vdi, (await pool.CallAsync("VBD.get_VDI", Assert.Single(back.Vbds).Opaque)).GetString());
        Assert.DoesNotContain((await api.GetAllRecordsAsync<TaskRecord>(Cancel)).Values, t => t.NameLabel == "VM metadata import");
    }

    [Fact]
    public async Task Another_disk_takes_the_place_of_one_that_is_gone()
    {
        var (vm, uuid, vdi) = await CreateAsync("mapped");
        var (_, _, other) = await CreateAsync("other");
        await using var api = await ClientAsync();
        using var archive = new MemoryStream();
        await api.ExportMetadataAsync(uuid, archive, Cancel);
        var (from, to) = ((await pool.CallAsync("VDI.get_uuid", vdi)).GetString()!, (await pool.CallAsync("VDI.get_uuid", other))
            .GetString()!);
        await pool.CallAsync("VM.destroy", vm);
        await pool.CallAsync("VDI.destroy", vdi);
        archive.Position = 0;
        var lost = await Assert.ThrowsAsync<XenApiException>(
            () => api.ImportMetadataAsync(archive, new MetadataImport { Restore = true }, cancellationToken: Cancel));
        Assert.Equal("VDI_LOCATION_MISSING", lost.Code);
        foreach (var (key, value, code) in new[] { ("nope", to, "INVALID_VALUE"), (from, "nope", "UUID_INVALID") })
        {
            archive.Position = 0;
            var wrong = await Assert.ThrowsAsync<XenApiException>(() => api.ImportMetadataAsync(
                archive, new MetadataImport { Restore = true, Disks = new Dictionary<string, string> { [key] = value } },
                cancellationToken: Cancel));
            Assert.Equal(code, wrong.Code);
        }

        archive.Position = 0;
        var (made, _) = await api.ImportMetadataAsync(
            archive, new MetadataImport { Restore = true, Disks = new Dictionary<string, string> { [from] = to } },
            cancellationToken: Cancel);
        var vbds = await api.CallAsync<VmRecord>("VM.get_record", [Assert.Single(made)], Cancel);
        Assert.Equal(other, (await pool.CallAsync("VBD.get_VDI", Assert.Single(vbds.Vbds).Opaque)).GetString());
    }

    [Fact]
    public async Task All_VMs_go_into_one_archive_and_a_task_says_how_it_went()
    {
        var (_, uuid, _) = await CreateAsync("among others");
        var task = (await pool.CallAsync("task.create", "export", "")).GetString()!;
        using var response = await pool.Http.GetAsync(
            new Uri(pool.Url, $"/export_metadata?session_id={pool.Session}&all=true&include_dom0=false&task_id={task}"), Cancel);
        Assert.Equal("application/octet-stream", response.Content.Headers.ContentType!.MediaType);
        var state = VmArchive.Open([ArchiveReader.Read(await response.Content.ReadAsStreamAsync(Cancel))]);
        Assert.False(state.FindByUuid<VmRecord>(uuid).IsNull);
        Assert.DoesNotContain(state.All<VmRecord>(), v => v.Record.IsControlDomain);
        Assert.Equal("success", (await pool.FinishedAsync(task)).GetProperty("status").GetString());

        var failing = (await pool.CallAsync("task.create", "import", "")).GetString()!;
        using var body = new ByteArrayContent(new byte[700]);
        using var refused = await pool.Http.PutAsync(
            new Uri(pool.Url, $"/import_metadata?session_id={pool.Session}&task_id={failing}"), body, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("IMPORT_ERROR", (await pool.CallAsync("task.get_error_info", failing))[0].GetString());
    }

    [Theory]
    [InlineData("uuid=nope", HttpStatusCode.NotFound, "UUID_INVALID")]
    [InlineData("ref=OpaqueRef:nope", HttpStatusCode.NotFound, "HANDLE_INVALID")]
    [InlineData("", HttpStatusCode.BadRequest, "INVALID_VALUE")]
    [InlineData("all=perhaps", HttpStatusCode.BadRequest, "INVALID_VALUE")]
    [InlineData("all=true&task_id=OpaqueRef:nope", HttpStatusCode.NotFound, "HANDLE_INVALID")]
    public async Task An_export_that_can_not_be_says_why(string query, HttpStatusCode status, string code)
    {
        using var response = await pool.Http.GetAsync(new Uri(pool.Url, $"/export_metadata?session_id={pool.Session}&{query}"), Cancel);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(code, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_takes_the_role_that_it_takes_in_xapi_and_is_recorded()
    {
        var (_, uuid, _) = await CreateAsync("guarded");
        await pool.CreateUserAsync("vera", "vm-operator");
        var session = await pool.LoginAsync("vera");
        using var export = await pool.Http.GetAsync(new Uri(pool.Url, $"/export_metadata?session_id={session}&uuid={uuid}"), Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, export.StatusCode);
        Assert.Contains("http/get_export_metadata", await export.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        using var body = new ByteArrayContent([]);
        using var import = await pool.Http.PutAsync(new Uri(pool.Url, $"/import_metadata?session_id={session}"), body, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, import.StatusCode);
        var log = await File.ReadAllTextAsync(Path.Combine(pool.DataDirectory, "audit.log"), Cancel);
        var lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.GetProperty("user").GetString() == "vera").ToList();
        Assert.Contains(
            lines,
            l => l.GetProperty("call").GetString() == "get_export_metadata"
                && l.GetProperty("objects")[0].GetProperty("uuid").GetString() == uuid);
        Assert.Contains(
            lines,
            l => l.GetProperty("call").GetString() == "put_import_metadata"
                && l.GetProperty("result").GetString() == "RBAC_PERMISSION_DENIED");
    }

    [Fact]
    public async Task Mutated_archives_are_refused_or_taken_and_never_a_bug_and_leave_nothing_behind()
    {
        var (_, uuid, _) = await CreateAsync("mutated");
        var good = await pool.Http.GetByteArrayAsync(new Uri(pool.Url, $"/export_metadata?session_id={pool.Session}&uuid={uuid}"), Cancel);
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            // Behind the header, whose sum would refuse nearly everything.
            var bytes = i % 4 == 0 ? Breaking.Mutation.Of(good, random) : [.. good[..512], .. Breaking.Mutation.Of(good[512..], random)];
            using var body = new ByteArrayContent(bytes);
            using var response = await pool.Http.PutAsync(
                new Uri(
                    pool.Url,
                    $"/import_metadata?session_id={pool.Session}&restore={(i % 2 == 0 ? "true" : "false")}&force=true&dry_run=true"),
                body,
                Cancel);
            var text = await response.Content.ReadAsStringAsync(Cancel);
            Assert.DoesNotMatch(
                "(NullReference|IndexOutOfRange|Argument[A-Za-z]*|Overflow|InvalidCast|KeyNotFound|InvalidOperation)Exception", text);
        }

        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(pool.DataDirectory, "scratch")), f => f.Contains("import-", StringComparison.Ordinal));
    }

    private async Task<XenApiClient> ClientAsync()
    {
        var api = new XenApiClient(pool.Url);
        await api.LoginAsync("root", TestPool.Password, Cancel);
        return api;
    }

    private async Task<(string Vm, string Uuid, string Vdi)> CreateAsync(string name)
    {
        var sr = await pool.CreateSrAsync();
        await using var api = await ClientAsync();
        var vdi = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = name, Sr = new(sr), VirtualSize = 1 << 20 }], Cancel);
        var vm = await api.CallAsync<Ref<VmRecord>>(
            "VM.create",
            [new VmRecord { NameLabel = name, MemoryStaticMin = 32 << 20, MemoryDynamicMin = 64 << 20, MemoryDynamicMax = 64 << 20, MemoryStaticMax = 64 << 20, VcpusMax = 1, VcpusAtStartup = 1 }],
            Cancel);
        await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create", [new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk }], Cancel);
        return (vm.Opaque, await api.CallAsync<string>("VM.get_uuid", [vm], Cancel), vdi.Opaque);
    }
}
