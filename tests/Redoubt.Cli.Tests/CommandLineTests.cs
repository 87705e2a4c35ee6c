using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Options_stand_anywhere_and_switches_are_parameters()
    {
        var line = CommandLineParser.Parse(
            ["--minimal", "-u", "ann", "vm-list", "a=b=c", "-s", "north", "m:k=v", "--force", "-p", "8443", "--x=1"]);
        Assert.Equal("vm-list", line.Command);
        Assert.Equal(("ann", "north", 8443), (line.Options.User, line.Options.Server, line.Options.Port));
        Assert.Equal("minimal=true a=b=c m:k=v force=true x=1", string.Join(' ', line.Parameters.All.Select(p => $"{p.Key}={p.Value}")));
        Assert.Equal("v", line.Parameters.Map("m")["k"]);
    }

    [Theory]
    [InlineData(null, new string[0])]
    [InlineData("-s,north", new[] { "-s", "north" })]
    [InlineData(@"-pw,a\,b\\c", new[] { "-pw", @"a,b\c" })]
    public void Extra_arguments_are_split_as_xe_splits_them(string? text, string[] expected) =>
        Assert.Equal(expected, ExtraArguments.Split(text));

    [Theory]
    [InlineData("512", 512)]
    [InlineData("1KiB", 1024)]
    [InlineData("2 MiB", 2097152)]
    [InlineData("3gib", 3221225472)]
    [InlineData("1TB", 1099511627776)]
    public void Sizes_have_suffixes(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse("size", text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5GiB")]
    [InlineData("9999999999TiB")]
    [InlineData("5 parsecs")]
    public void What_is_no_size_is_refused(string text) => Assert.Throws<UsageException>(() => ByteSize.Parse("size", text));

    [Fact]
    public void Options_do_not_print_the_password() =>
        Assert.DoesNotContain("s3cret", new GlobalOptions { Password = "s3cret" }.ToString(), StringComparison.Ordinal);

    /// <summary>The tables are written by hand; a misspelt source would show up as an empty column at a customer's.</summary>
    [Fact]
    public void Every_field_of_every_class_leads_into_the_data_model()
    {
        Assert.Equal(
            "",
            string.Join(
                "; ",
                XeClasses.All.SelectMany(of => of.Listed.Where(name => of.Find(name) is null).Select(name => $"{of.Prefix} {name}"))));
        foreach (var of in XeClasses.All)
        {
            Assert.All(of.Filter, f => Assert.NotNull(of.Find(f.Key)));
            foreach (var field in of.Fields.Where(f => f.Source[0] is not ('!' or '?')))
            {
                var way = field.Source.Split('>');
                var first = of.Model.FindField(way[0]);
                Assert.True(first is not null, $"{of.Prefix} {field.Name}");
                var target = first.Type is ISetType set ? set.Element : first.Type;
                Assert.True(
                    way.Length == 1 || DataModel.Classes[((IRefType)target).ClassName].FindField(way[1]) is not null,
                    $"{of.Prefix} {field.Name}");
            }
        }
    }

    [Fact]
    public void Every_writable_field_has_its_messages()
    {
        var missing = XeClasses.All.SelectMany(of => of.Fields.Where(f => f.IsWritable).Select(f => (of, f)))
            .Where(p => p.f.ApiField is null || !p.of.Model.Messages.ContainsKey((p.f.Kind switch { FieldKind.Map => "add_to_", FieldKind.Set when !p.of.Model.Messages.ContainsKey("set_" + p.f.ApiField) => "add_", _ => "set_" }) + p.f.ApiField))
            .Select(p => $"{p.of.Prefix} {p.f.Name}");
        Assert.Equal("", string.Join("; ", missing));
    }

    [Fact]
    public void Command_names_are_unique()
    {
        var names = CommandTable.Own.Concat(XeClasses.All.SelectMany(ClassCommands.Of)).Select(c => c.Name).ToList();
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public async Task Help_knows_every_command()
    {
        foreach (var command in CommandTable.Own)
        {
            Assert.Equal(0, (await CliRun.RunAsync(["help", command.Name])).ExitCode);
        }

        Assert.Equal(1, (await CliRun.RunAsync(["help", "nonsense"])).ExitCode);
        Assert.Contains("vm-param-set", (await CliRun.RunAsync(["help", "--all"])).Output, StringComparison.Ordinal);
        Assert.StartsWith("redoubt ", (await CliRun.RunAsync(["--version"])).Output, StringComparison.Ordinal);
    }
}
