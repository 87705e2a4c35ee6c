using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>A pool full of secrets, and users who have no use for them.</summary>
public sealed class SecretSightTests(TestPool pool) : IClassFixture<TestPool>
{
    private const string Mark = "CLEAR-secret-";

    [Theory]
    [InlineData("read-only")]
    [InlineData("vm-operator")]
    public async Task No_message_shows_a_secret(string role)
    {
        await FillAsync(role);
        await pool.CreateUserAsync("looker-" + role, role);
        var session = await pool.LoginAsync("looker-" + role);
        var asked = 0;
        foreach (var model in DataModel.Classes.Values.Where(c => c.Kind != ClassKind.Value))
        {
            foreach (var message in model.Messages.Values.Where(m => m.NeedsSession && m.Name is not "wait_run"))
            {
                var name = $"{model.Name}.{message.Name}";
                foreach (var parameters in await ParametersAsync(model, message))
                {
                    var answer = await pool.AnswerAsync(name, [session, .. parameters]);
                    Assert.DoesNotContain(Mark, answer.ToString(), StringComparison.Ordinal);
                    asked++;
                }
            }
        }

        Assert.True(asked > 500, $"{asked} calls");
        var events = await pool.AnswerAsync("event.from", session, new[] { "*" }, "", 0.0);
        Assert.Contains("\"snapshot\"", events.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Mark, events.ToString(), StringComparison.Ordinal);
        foreach (var path in new[] { "pool/xmldbdump", "export_metadata?all=true" })
        {
            var answer = await pool.Http.GetAsync(
                new Uri(pool.Url, $"{path}{(path.Contains('?', StringComparison.Ordinal) ? "&" : "?")}session_id={session}"),
                TestContext.Current.CancellationToken);
            Assert.DoesNotContain(
                Mark, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_condition_of_a_query_tells_nothing_of_a_secret()
    {
        await FillAsync("query");
        await pool.CreateUserAsync("asker", "read-only");
        var session = await pool.LoginAsync("asker");
        var hidden = (await pool.CallAsync("network.get_other_config", (await pool.CallAsync("network.get_by_name_label", "net-query"))[0].GetString())).GetProperty("api-token").GetString()!;
        var query = $"field \"other_config\" = \"(('api-token' '{hidden}'))\"";
        Assert.NotEmpty((await pool.CallAsync("network.get_all_records_where", query)).EnumerateObject());
        Assert.Empty((await pool.ResultAsync("network.get_all_records_where", session, query)).EnumerateObject());
    }

    [Fact]
    public async Task Who_may_set_a_field_sees_what_is_in_it()
    {
        await FillAsync("seen");
        await pool.CreateUserAsync("maker", "vm-admin");
        var session = await pool.LoginAsync("maker");
        var vm = (await pool.CallAsync("VM.get_by_name_label", "vm-seen"))[0].GetString();
        Assert.StartsWith(
            Mark, (await pool.ResultAsync("VM.get_other_config", session, vm)).GetProperty("api-token").GetString(),
            StringComparison.Ordinal);
        var network = (await pool.CallAsync("network.get_by_name_label", "net-seen"))[0].GetString();
        Assert.Equal(
            SecretFields.Masked,
            (await pool.ResultAsync("network.get_other_config", session, network)).GetProperty("api-token").GetString());
    }

    private async Task FillAsync(string name)
    {
        await pool.CallAsync(
            "secret.create",
            new Dictionary<string, object> { ["value"] = $"{Mark}{name}-1", ["other_config"] = new Dictionary<string, string>() });
        var vm = await pool.CallAsync("VM.create", new Dictionary<string, object>
        {
            ["name_label"] = $"vm-{name}",
            ["memory_static_min"] = 1 << 25,
            ["memory_dynamic_min"] = 1 << 25,
            ["memory_dynamic_max"] = 1 << 25,
            ["memory_static_max"] = 1 << 25,
            ["VCPUs_max"] = 1,
            ["VCPUs_at_startup"] = 1,
            ["other_config"] = new Dictionary<string, string> { ["api-token"] = $"{Mark}{name}-2" },
        });
        Assert.NotEqual(JsonValueKind.Null, vm.ValueKind);
        await pool.CallAsync("network.create", new Dictionary<string, object>
        {
            ["name_label"] = $"net-{name}",
            ["other_config"] = new Dictionary<string, string> { ["api-token"] = $"{Mark}{name}-3" },
        });
        var own = (await pool.CallAsync("pool.get_all"))[0].GetString();
        await pool.CallAsync("pool.remove_from_other_config", own, "admin-password");
        await pool.CallAsync("pool.add_to_other_config", own, "admin-password", $"{Mark}{name}-4");
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        await pool.CallAsync(
            "SR.create", host, new Dictionary<string, string> { ["location"] = pool.NewDirectory(), ["chappassword"] = $"{Mark}{name}-5" },
            "0", $"sr-{name}", "", "file", "user", true, new Dictionary<string, string>());
    }

    /// <summary>Every way to send a message that only looks.</summary>
    private async Task<IReadOnlyList<object?[]>> ParametersAsync(ClassModel model, MessageModel message) => message.Implicit switch
    {
        ImplicitKind.GetAll or ImplicitKind.GetAllRecords => [[]],
        ImplicitKind.GetAllRecordsWhere => [["true"]],
        ImplicitKind.GetRecord or ImplicitKind.GetField => model.Messages.ContainsKey("get_all")
            ? [.. (await pool.CallAsync($"{model.Name}.get_all")).EnumerateArray().Take(20).Select(r => new object?[] { r.GetString() })]
            : [],
        ImplicitKind.None when message.Name.StartsWith("get_", StringComparison.Ordinal) && message.Parameters.Count == 0 => [[]],
        _ => [],
    };
}
