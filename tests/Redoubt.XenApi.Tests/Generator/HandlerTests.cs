using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Redoubt.XenApi.Generator;

namespace Redoubt.XenApi.Tests.Generator;

/// <summary>A method that does not fit the message that it is marked with does not compile.</summary>
public sealed class HandlerTests
{
    private const string Around = """
        using System;
        using System.Collections.Generic;
        using System.Threading.Tasks;
        using Redoubt.XenApi;
        namespace Redoubt.Pool
        {
            public sealed class CallContext;
            [AttributeUsage(AttributeTargets.Method)]
            public sealed class MessageAttribute(string name) : Attribute { public string Name => name; }
            public sealed record MessageHandler(string Message, Func<CallContext, object?[], Task<object?>> AnswerAsync);
            public interface IMessageHandlers { IEnumerable<MessageHandler> Handlers { get; } }
            internal sealed partial class Calls
            {
        METHODS
            }
        }
        """;

    [Theory]
    [InlineData("[Message(\"VM.pause\")] public void Pause(CallContext call, Ref<VmRecord> vm) { }")]
    [InlineData("[Message(\"VM.pause\")] public async Task PauseAsync(CallContext call, Ref<VmRecord> vm) { }")]
    [InlineData("[Message(\"VM.clone\")] public Ref<VmRecord> Clone(CallContext call, Ref<VmRecord> vm, string name) => vm;")]
    [InlineData("[Message(\"VM.clone\")] static async Task<Ref<VmRecord>> CloneAsync(CallContext c, Ref<VmRecord> vm, string n) => vm;")]
    [InlineData("[Message(\"VM.set_name_label\")] public void Name(CallContext call, Ref<VmRecord> self, string name) { }")]
    [InlineData("[Message(\"VM.create\")] public Ref<VmRecord> Create(CallContext call, VmRecord args) => default;")]
    public void A_method_that_fits_is_bound(string method)
    {
        var (diagnostics, output) = Run(method);
        Assert.Empty(diagnostics);
        Assert.Empty(output.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error));
        Assert.Equal("IMessageHandlers", Assert.Single(output.GetTypeByMetadataName("Redoubt.Pool.Calls")!.Interfaces).Name);
    }

    [Theory]
    [InlineData("[Message(\"VM.dance\")] public void Dance(CallContext call) { }", "has no message VM.dance")]
    [InlineData("[Message(\"dance\")] public void Dance(CallContext call) { }", "has no message dance")]
    [InlineData("[Message(\"VM.pause\")] public void Pause(CallContext call) { }", "VM.pause takes (CallContext, Ref<VmRecord>)")]
    [InlineData("[Message(\"VM.pause\")] public void Pause(Ref<VmRecord> vm) { }", "VM.pause takes (CallContext, Ref<VmRecord>)")]
    [InlineData("[Message(\"VM.pause\")] public void Pause(CallContext c, Ref<VdiRecord> vm) { }", "takes (CallContext, Ref<VmRecord>)")]
    [InlineData("[Message(\"VM.pause\")] public string Pause(CallContext call, Ref<VmRecord> vm) => \"\";", "VM.pause answers nothing")]
    [InlineData(
        "[Message(\"VM.clone\")] public Task CloneAsync(CallContext c, Ref<VmRecord> vm, string n) => Task.CompletedTask;",
        "VM.clone answers Ref<VmRecord>")]
    [InlineData(
        "[Message(\"VM.suspend\")] public void Once(CallContext c, Ref<VmRecord> vm) { }\n"
        + "[Message(\"VM.suspend\")] public void Twice(CallContext c, Ref<VmRecord> vm) { }",
        "VM.suspend is answered by another method too")]
    public void A_method_that_does_not_fit_is_an_error_at_its_line(string methods, string message)
    {
        var (diagnostics, _) = Run(methods);
        var error = Assert.Single(diagnostics);
        Assert.Equal(("REDOUBT002", DiagnosticSeverity.Error), (error.Id, error.Severity));
        Assert.Contains(message, error.GetMessage(null), StringComparison.Ordinal);
        var place = error.Location.GetLineSpan();
        var firstOfMethods = Around[..Around.IndexOf("METHODS", StringComparison.Ordinal)].Count(c => c == '\n');
        Assert.Equal(("Calls.cs", firstOfMethods + methods.Count(c => c == '\n')), (place.Path, place.StartLinePosition.Line));
    }

    private static (ImmutableArray<Diagnostic> Diagnostics, Compilation Output) Run(string methods)
    {
        var token = TestContext.Current.CancellationToken;
        var trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var source = CSharpSyntaxTree.ParseText(
            Around.Replace("METHODS", methods, StringComparison.Ordinal), path: "Calls.cs", cancellationToken: token);
        var compilation = CSharpCompilation.Create(
            "calls", [source], trusted.Select(path => MetadataReference.CreateFromFile(path)), new(OutputKind.DynamicallyLinkedLibrary));
        var driver = CSharpGeneratorDriver.Create([new HandlerGenerator().AsSourceGenerator()]);
        var result = driver.RunGeneratorsAndUpdateCompilation(compilation, out var output, out var diagnostics, token).GetRunResult();
        Assert.Null(result.Results[0].Exception);
        return (diagnostics, output);
    }
}
