using System.Collections.Immutable;
using FsCheck.Fluent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using Redoubt.XenApi.Generator;

namespace Redoubt.XenApi.Tests.Generator;

/// <summary>A mistake in the data model is a compile error at its line, and the generator never dies of it.</summary>
public sealed class MalformedModelTests
{
    private const string Head = "class VM persistent record all\n";
    private const string Rest = "  VBDs set(ref VBD) RO <- VBD.VM = \"()\"\n  message f(a: int) -> void @ vm-admin\n  enum e a b";

    [Theory]
    [InlineData("  uuid string", 1, "neither a field")]
    [InlineData("  uuid strin RO", 1, "'strin' is no type")]
    [InlineData("  uuid set(string RO", 1, "'set(string' is no type")]
    [InlineData("  uuid set() RO", 1, "takes 1")]
    [InlineData("  uuid map(string) RO", 1, "takes 2")]
    [InlineData("  host ref host RO", 1, "no class host")]
    [InlineData("  state enum power RO", 1, "no enum power")]
    [InlineData("  uuid string RO key:folder=vm-operator", 1, "uuid is no map")]
    [InlineData("  other_config map(string,string) RW key:folder=king", 1, "'king' is no role")]
    [InlineData("  uuid string RO sometimes", 1, "unknown word 'sometimes'")]
    [InlineData("  VMs set(ref VM) RO <-", 1, "unknown word '<-'")]
    [InlineData("  VMs set(ref VM) RO <- VM", 1, "unknown word '<-'")]
    [InlineData("  VMs set(ref VM) RO <- VM.parent", 1, "no column parent")]
    [InlineData("  VMs string RO <- VM.parent", 1, "must be set(ref VM)")]
    [InlineData("  uuid string RO = x", 1, "not in double quotes")]
    [InlineData("  order int RO = \"first\"", 1, "is no int")]
    [InlineData("  state enum power RO = \"off\"\n  enum power on", 1, "is no enum power")]
    [InlineData("  state bool RO = \"yes\"", 1, "is no bool")]
    [InlineData("  uuid string RW set=boss", 1, "'boss' is no role")]
    [InlineData("  uuid string RO\n\n  uuid string RO", 3, "declared twice")]
    [InlineData("  enum power", 1, "at least one value")]
    [InlineData("  enum power on On", 1, "C# name On")]
    [InlineData("  message start(vm) -> void @ vm-operator", 1, "'vm' is no parameter")]
    [InlineData("  message start(vm: ref VM -> void @ vm-operator", 1, "not a message")]
    [InlineData("  message start(vm: ref VM) -> nothing @ vm-operator", 1, "'nothing' is no type")]
    [InlineData("  message start(vm: ref VM) -> void", 1, "not a message")]
    [InlineData("  message start() -> void @ vm-operator\n  message Start() -> void @ vm-operator", 2, "declared twice")]
    [InlineData("  message start(a: int, A: int) -> void @ vm-operator", 1, "another is")]
    [InlineData("  message start(client: int) -> void @ vm-operator", 1, "another is")]
    [InlineData("class SR persistent", 1, "a second class")]
    public void A_malformed_line_is_an_error_that_names_file_and_line(string lines, int line, string message)
    {
        var error = Assert.Single(Run(Head + lines));
        Assert.Equal(DiagnosticSeverity.Error, error.Severity);
        Assert.Contains(message, error.GetMessage(null), StringComparison.Ordinal);
        var place = error.Location.GetLineSpan();
        Assert.Equal(("Model/VM.model", line), (place.Path, place.StartLinePosition.Line));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("class")]
    [InlineData("class VM eternal")]
    [InlineData("class VM persistent always")]
    [InlineData("  uuid string RO")]
    public void A_file_without_a_class_is_an_error(string text) => Assert.NotEmpty(Run(text));

    [Fact]
    public void Every_error_of_a_file_is_shown_at_once() => Assert.Equal(3, Run(Head + "  a b\n  uuid string RO\n  c d\n  e f\n").Length);

    [Fact]
    public void No_text_makes_the_generator_fail() => Property.Holds(
        ArbMap.Default.GeneratorFor<(string? Text, int Cut)>(),
        input => { Run(Head + input.Text + "\n" + Garble(Rest, input.Cut)); });

    private static string Garble(string text, int cut) => text.Remove((int)((uint)cut % text.Length), 1);

    private static ImmutableArray<Diagnostic> Run(string text)
    {
        var driver = CSharpGeneratorDriver.Create([new DataModelGenerator().AsSourceGenerator()], [new ModelText(text)]);
        var result = driver.RunGenerators(CSharpCompilation.Create("model"), TestContext.Current.CancellationToken).GetRunResult();
        Assert.Null(result.Results[0].Exception);
        return result.Diagnostics;
    }

    private sealed class ModelText(string text) : AdditionalText
    {
        public override string Path => "Model/VM.model";

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
