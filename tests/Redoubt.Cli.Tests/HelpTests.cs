using System.Diagnostics;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;

namespace Redoubt.Cli.Tests;

/// <summary>The help as people read it, and as the completion of a shell does.</summary>
public sealed class HelpTests
{
    private static IEnumerable<Command> All => CommandTable.Own.Concat(XeClasses.All.SelectMany(ClassCommands.Of));

    [Fact]
    public async Task The_names_of_all_commands_stand_on_one_line()
    {
        var names = (await CliRun.RunAsync(["help", "--minimal", "--all"])).Output.TrimEnd('\n').Split(',');
        Assert.Equal(All.Select(c => c.Name).Concat(LocalCommands.All.Keys).Order(StringComparer.Ordinal), names);
        Assert.Equal(names, (await CliRun.RunAsync(["help", "minimal=true", "all=true"])).Output.TrimEnd('\n').Split(','));
        Assert.True((await CliRun.RunAsync(["help", "--minimal"])).Output.Split(',').Length < names.Length);
    }

    [Fact]
    public async Task A_command_is_explained_in_the_form_of_xe()
    {
        var run = await CliRun.RunAsync(["help", "vm-recover", "pbd-param-get"]);
        Assert.StartsWith(
            "command name            : vm-recover\n        reqd params     : uuid\n        optional params : database:, force\n        "
                + "description     : Recovers a VM that is in no vApp.\n",
            run.Output,
            StringComparison.Ordinal);
        Assert.Contains("command name            : pbd-param-get\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm-list --help", "command name            : vm-list\n")]
    [InlineData("--help", "redoubt [-s HOST]")]
    [InlineData("help help", "redoubt help\n")]
    [InlineData("serve --help", "--restore-from")]
    [InlineData("serve --data x --help", "--without FILE")]
    [InlineData("inspect --help", "--at GENERATION|TIME")]
    [InlineData("demo --help", "--guest IMAGE")]
    [InlineData("version --help", "redoubt version\n")]
    [InlineData("check-hypervisor --help", "redoubt check-hypervisor\n")]
    public async Task Every_command_tells_of_itself(string line, string expected)
    {
        var run = await CliRun.RunAsync(line.Split(' '));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_parameter_of_recovery_is_explained()
    {
        var untold = from command in CommandTable.Own
                     where command.Name.StartsWith("dr-", StringComparison.Ordinal)
                         || command.Name.StartsWith("metadata-", StringComparison.Ordinal)
                     from parameter in command.Required.Concat(command.Optional)
                     where ParameterHelp.Find(command.Name, parameter) is null
                     select $"{command.Name} {parameter}";
        Assert.Equal("", string.Join("; ", untold));
    }

    [Fact]
    public void Every_list_and_status_can_be_had_as_JSON()
    {
        string[] ends = ["-list", "-status", "-state", "-show"];
        Assert.Equal(
            "",
            string.Join(
                "; ",
                All.Where(c => ends.Any(e => c.Name.EndsWith(e, StringComparison.Ordinal)) && !c.Optional.Contains("json"))
                    .Select(c => c.Name)));
    }

    /// <summary>
    /// A completion asks: which commands there are, then of one of them which parameters it must and may have, and what it does, each by
    /// the words at the beginning of a line. Bash does here what a completion does, with the program itself.
    /// </summary>
    [Fact]
    public async Task A_shell_can_complete_by_the_help()
    {
        const string Script = """
            xe() { dotnet "$REDOUBT" "$@"; }
            part() { xe help "$1" 2>/dev/null | grep "^[^:]*$2" | cut -d: -f2- | sed 's/^ //'; }
            xe help --minimal --all | tr ',' '\n' | cut -d- -f1 | uniq | tr '\n' ' '; echo
            for c in vm-start dr-failover vdi-list network-param-set metadata-backup-create; do
              echo "$c|$(part $c 'reqd params')|$(part $c 'optional params' | tr -d ' ' | cut -c1-60)|$(part $c description | cut -d. -f1)"
              xe help $c | grep -c '^[^:]*description'
            done
            """;
        var start = new ProcessStartInfo("bash")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "-c", Script },
        };
        start.Environment["REDOUBT"] = typeof(App).Assembly.Location;
        using var bash = Process.Start(start)!;
        var output = bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        var lines = (await output).Split('\n');
        Assert.Equal("", error);
        Assert.Contains(" dr ", lines[0], StringComparison.Ordinal);
        Assert.Equal("vm-start||on,paused,force,site-dead,statement,<vm-selectors>|Starts VMs", lines[1]);
        Assert.StartsWith("dr-failover||sr-uuid,type,device-config:,vms,", lines[3], StringComparison.Ordinal);
        Assert.EndsWith("|Recovers VMs whose site is lost", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("vdi-list||params,database:,all,json,uuid,name-label,", lines[5], StringComparison.Ordinal);
        Assert.StartsWith("network-param-set|uuid|name-label,name-description,", lines[7], StringComparison.Ordinal);
        Assert.StartsWith("metadata-backup-create|sr-uuid|keep|", lines[9], StringComparison.Ordinal);
        Assert.All([2, 4, 6, 8, 10], i => Assert.Equal("1", lines[i]));
    }
}
