using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Redoubt.XenApi.Generator;

/// <summary>
/// Binds the methods marked with <c>[Message("…")]</c> to their messages. What a method must take and answer is what a client sends and
/// gets (<see cref="ClientEmitter"/>); one that does not fit is an error at its line.
/// </summary>
[Generator]
public sealed class HandlerGenerator : IIncrementalGenerator
{
    private const string Attribute = "Redoubt.Pool.MessageAttribute";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var handlers = context.SyntaxProvider.ForAttributeWithMetadataName(
            Attribute,
            (_, _) => true,
            (found, _) => HandlerDeclaration.Of((IMethodSymbol)found.TargetSymbol, found.Attributes[0], found.SemanticModel.Compilation));
        context.RegisterSourceOutput(handlers.Collect(), Generate);
    }

    private static void Generate(SourceProductionContext context, ImmutableArray<HandlerDeclaration> handlers)
    {
        var answered = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handler in handlers)
        {
            var problem = handler.Problem
                ?? (answered.Add(handler.Message) ? null : $"{handler.Message} is answered by another method too");
            if (problem != null)
            {
                context.ReportDiagnostic(handler.ToDiagnostic(problem));
            }
        }

        foreach (var group in handlers.GroupBy(h => (h.Namespace, h.Class)))
        {
            var fitting = group.Where(h => h.Problem is null).ToList();
            context.AddSource(
                $"{group.Key.Namespace}.{group.Key.Class}.g.cs",
                SourceText.From(HandlerEmitter.Emit(group.Key.Namespace, group.Key.Class, fitting), Encoding.UTF8));
        }
    }
}
