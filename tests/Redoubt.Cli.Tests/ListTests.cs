using System.Text.Json;
using Redoubt.XenApi;
namespace Redoubt.Cli.Tests;

public sealed class ListTests
{
    [Fact]
    public async Task A_list_is_laid_out_as_xe_lays_it_out()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, "vm-list is-control-domain=false");
        Assert.Equal(
            """
            uuid ( RO)           : 00000000-0000-4000-8000-000000000011
                 name-label ( RW): web
                power-state ( RO): running


            uuid ( RO)           : 00000000-0000-4000-8000-000000000012
                 name-label ( RW): db, main
                power-state ( RO): halted



            """,
            run.Output);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_list_names_what_references_refer_to()
    {
        await using var pool = await Scene.StartAsync();
        Assert.Equal(
            """
            uuid ( RO)                : 00000000-0000-4000-8000-000000000003
                      name-label ( RW): store
                name-description ( RW): 
                            host ( RO): north
                            type ( RO): file
                    content-type ( RO): 



            """,
            (await CliRun.AgainstAsync(pool, "sr-list")).Output);
        Assert.Equal(
            """
            uuid ( RO)                : 00000000-0000-4000-8000-000000000022
                         sr-uuid ( RO): 00000000-0000-4000-8000-000000000003
                   sr-name-label ( RO): store
                            type ( RO): Metadata
                 metadata-latest ( RO): true
                metadata-of-pool ( RO): 00000000-0000-4000-8000-000000000001



            """,
            (await CliRun.AgainstAsync(pool, "vdi-list type=Metadata params=uuid,metadata-of-pool,metadata-latest,type,sr-uuid,sr-name-label")).Output);
    }

    [Theory]
    [InlineData("vm-list is-control-domain=false --minimal", "00000000-0000-4000-8000-000000000011,00000000-0000-4000-8000-000000000012")]
    [InlineData("vm-list power-state=halted params=name-label --minimal", @"db\, main")]
    [InlineData("vm-list power-state=Halted params=name-label --minimal", "")]
    [InlineData("vm-list tags:contains=gold params=name-label --minimal", "web")]
    [InlineData("vm-list tags-contains=gold params=name-label --minimal", "web")]
    [InlineData("vm-list other-config-owner=ann params=name-label --minimal", "web")]
    [InlineData("vm-list other-config:owner=ann params=name-label --minimal", "web")]
    [InlineData("vm-list other-config:owner=bob --minimal", "")]
    [InlineData("vm-list appliance=00000000-0000-4000-8000-000000000031 params=name-label --minimal", "web")]
    [InlineData("template-list --minimal params=name-label", "Debian")]
    [InlineData("vdi-list sr-name-label=store virtual-size=4096 params=name-label --minimal", "web disk")]
    [InlineData("vdi-list type=User params=metadata-of-pool --minimal", "<not in database>")]
    public async Task Conditions_choose_objects(string line, string expected)
    {
        await using var pool = await Scene.StartAsync();
        Assert.Equal(expected + "\n", (await CliRun.AgainstAsync(pool, line)).Output);
    }

    [Fact]
    public async Task Param_list_shows_all_fields_in_xes_order_and_access()
    {
        await using var pool = await Scene.StartAsync();
        Assert.Equal(
            """
            uuid ( RO)                  : 00000000-0000-4000-8000-000000000031
                        name-label ( RW): shop
                  name-description ( RW): 
                               VMs (SRO): 
                allowed-operations (SRO): 
                current-operations (SRO): 



            """,
            (await CliRun.AgainstAsync(pool, $"appliance-param-list uuid={Scene.AppUuid}")).Output);
        var vm = (await CliRun.AgainstAsync(pool, $"vm-param-list uuid={Scene.WebUuid}")).Output;
        Assert.Contains("other-config (MRW): owner: ann\n", vm, StringComparison.Ordinal);
        Assert.Contains("tags (SRW): gold, shop\n", vm, StringComparison.Ordinal);
        Assert.Contains("actions-after-crash ( RW): Core dump and destroy\n", vm, StringComparison.Ordinal);
        Assert.Contains("memory-actual ( RO): <not in database>\n", vm, StringComparison.Ordinal);
        Assert.Contains("start-time ( RO): <unknown time>\n", vm, StringComparison.Ordinal);
        Assert.Contains("ha-always-run ( RW) [DEPRECATED]: false\n", vm, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_break_in_a_name_breaks_no_line()
    {
        await using var pool = await Scene.StartAsync();
        pool.Database.Add(
            new NetworkRecord
            {
                Uuid = "00000000-0000-4000-8000-0000000000aa",
                NameLabel = "a\nb\r\u001b[2Jc\u2028",
                OtherConfig = new NetworkRecord().OtherConfig.Add("k\n", "v\n"),
            });
        Assert.Equal("a\\nb\\r\\u001b[2Jc\\u2028\n", (await CliRun.AgainstAsync(pool, "network-list params=name-label --minimal")).Output);
        var list = (await CliRun.AgainstAsync(pool, "network-param-list uuid=00000000-0000-4000-8000-0000000000aa")).Output;
        Assert.All(list.TrimEnd('\n').Split('\n'), line => Assert.Matches(@"^ *[\w-]+ \(", line));
        Assert.DoesNotContain('\u001b', list);
        Assert.Equal(
            "a\nb\r\u001b[2Jc\u2028",
            Json("network-list --json", await CliRun.AgainstAsync(pool, "network-list --json"))[0].GetProperty("name-label").GetString());
    }

    [Fact]
    public async Task Lists_and_objects_can_be_had_as_JSON()
    {
        await using var pool = await Scene.StartAsync();
        var web = Json("vm-list", await CliRun.AgainstAsync(pool, "vm-list --json params=all name-label=web"))[0];
        Assert.Equal(
            ("web", "running", false, 0L),
            (web.GetProperty("name-label").GetString(), web.GetProperty("power-state").GetString(), web.GetProperty("is-a-template")
                .GetBoolean(), web.GetProperty("order").GetInt64()));
        Assert.Equal(["gold", "shop"], web.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("ann", web.GetProperty("other-config").GetProperty("owner").GetString());
        Assert.Equal(JsonValueKind.Null, web.GetProperty("possible-hosts").ValueKind);
        Assert.Equal(
            "web",
            Json("vm-param-list", await CliRun.AgainstAsync(pool, $"vm-param-list uuid={Scene.WebUuid} --json"))
                .GetProperty("name-label").GetString());
        Assert.Equal(0, Json("vm-list", await CliRun.AgainstAsync(pool, "vm-list --json name-label=nobody")).GetArrayLength());
    }

    private static JsonElement Json(string what, CliRun run)
    {
        Assert.Equal((what, 0, ""), (what, run.ExitCode, run.Error));
        return JsonDocument.Parse(run.Output).RootElement;
    }

    [Fact]
    public async Task A_foreign_database_is_read_in_a_session_of_its_own_and_closed()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, $"vm-list database:vdi-uuid={Scene.MetadataUuid} params=name-label --minimal");
        Assert.Equal("lost\n", run.Output);
        Assert.Equal(0, pool.OpenSessions);
    }

    [Theory]
    [InlineData("vm-list colour=red", "vm-list takes no parameter 'colour'")]
    [InlineData("vm-list params=uuid,colour", "vm has no field 'colour'")]
    [InlineData("vm-list database:uuid=1", "database:vdi-uuid= or database:filename=")]
    [InlineData("vm-list database:vdi-uuid=1 database:filename=f", "either")]
    [InlineData("vm-param-get uuid=1", "vm-param-get needs param-name=")]
    public async Task What_a_list_does_not_know_is_an_error(string line, string complaint)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(complaint, run.Error, StringComparison.Ordinal);
    }
}
