using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Redoubt.XenApi.Generator;

/// <summary>One method that is marked as the behaviour of a message.</summary>
internal sealed class HandlerDeclaration : IEquatable<HandlerDeclaration>
{
    private static readonly DiagnosticDescriptor Descriptor = new DiagnosticDescriptor(
        "REDOUBT002", "A method does not fit its message", "{0}", "DataModel", DiagnosticSeverity.Error, isEnabledByDefault: true);

    // As one writes them by hand, below the usings that the generated file has.
    private static readonly SymbolDisplayFormat Written = SymbolDisplayFormat.MinimallyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private readonly string path;
    private readonly TextSpan span;
    private readonly LinePositionSpan lines;

    private HandlerDeclaration(IMethodSymbol method, string message, string? problem)
    {
        var type = method.ContainingType;
        var place = method.Locations[0].GetLineSpan();
        (path, span, lines) = (place.Path, method.Locations[0].SourceSpan, place.Span);
        (Message, Problem, Namespace, Class, Method) = (
            message, problem, type.ContainingNamespace.ToDisplayString(), type.Name, method.Name);
        Arguments = string.Concat(method.Parameters.Skip(1).Select((p, i) => $", ({p.Type.ToDisplayString(Written)})arguments[{i}]!"));
        (IsAwaited, HasAnswer) = method.ReturnType switch
        {
            INamedTypeSymbol { Name: "Task", IsGenericType: var isGeneric } => (true, isGeneric),
            var answer => (false, answer.SpecialType != SpecialType.System_Void),
        };
    }

    /// <summary>The message's full name.</summary>
    public string Message { get; }

    /// <summary>Why the method can't be that message's behaviour, or null.</summary>
    public string? Problem { get; }

    public string Namespace { get; }

    public string Class { get; }

    public string Method { get; }

    /// <summary>The arguments after the context, each taken from <c>arguments</c>.</summary>
    public string Arguments { get; }

    public bool IsAwaited { get; }

    public bool HasAnswer { get; }

    public static HandlerDeclaration Of(IMethodSymbol method, AttributeData attribute, Compilation compilation)
    {
        var message = attribute.ConstructorArguments.Length == 1 ? attribute.ConstructorArguments[0].Value as string ?? "" : "";
        return new HandlerDeclaration(method, message, ProblemOf(method, message, compilation));
    }

    public Diagnostic ToDiagnostic(string problem) => Diagnostic.Create(Descriptor, Location.Create(path, span, lines), problem);

    public bool Equals(HandlerDeclaration? other) =>
        other != null
        && (Message, Problem, Namespace, Class, Method) == (other.Message, other.Problem, other.Namespace, other.Class, other.Method)
        && (Arguments, IsAwaited, HasAnswer) == (other.Arguments, other.IsAwaited, other.HasAnswer)
        && (path, span, lines) == (other.path, other.span, other.lines);

    public override bool Equals(object? obj) => Equals(obj as HandlerDeclaration);

    public override int GetHashCode() => (Message, Class, Method, Arguments, span).GetHashCode();

    private static string? ProblemOf(IMethodSymbol method, string message, Compilation compilation)
    {
        var dot = message.IndexOf('.');
        var client = dot > 0 ? compilation.GetTypeByMetadataName("Redoubt.XenApi." + Naming.ClientName(message.Substring(0, dot))) : null;
        var sender = Naming.Pascal(message.Substring(dot + 1)) + "Async";
        if (client?.GetMembers(sender).OfType<IMethodSymbol>().FirstOrDefault() is not { } declared)
        {
            return $"the data model has no message {message}";
        }

        var expected = declared.Parameters.Take(declared.Parameters.Length - 1).Select(p => p.Type).ToList();
        var isContext = method.Parameters.Length > 0 && method.Parameters[0].Type.ToDisplayString() == "Redoubt.Pool.CallContext";
        if (!isContext || !method.Parameters.Skip(1).Select(p => p.Type).SequenceEqual(expected, SymbolEqualityComparer.Default))
        {
            var types = new[] { "CallContext" }.Concat(expected.Select(t => t.ToDisplayString(Written)));
            return $"{message} takes ({string.Join(", ", types)})";
        }

        // A client waits for each answer; who gives it may have it at once.
        var awaited = ((INamedTypeSymbol)declared.ReturnType).TypeArguments.FirstOrDefault();
        var atOnce = awaited is null ? method.ReturnsVoid : SymbolEqualityComparer.Default.Equals(method.ReturnType, awaited);
        return atOnce || SymbolEqualityComparer.Default.Equals(method.ReturnType, declared.ReturnType)
            ? null
            : $"{message} answers {awaited?.ToDisplayString(Written) ?? "nothing"}";
    }
}
