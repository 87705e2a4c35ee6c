using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Redoubt.XenApi.Generator;

/// <summary>What is wrong with one line of a <c>.model</c> file; the compiler shows it as an error at that line.</summary>
internal sealed class ModelError
{
    private static readonly DiagnosticDescriptor Descriptor = new DiagnosticDescriptor(
        "REDOUBT001", "The data model is malformed", "{0}", "DataModel", DiagnosticSeverity.Error, isEnabledByDefault: true);

    private readonly string path;
    private readonly int line;
    private readonly string message;

    public ModelError(string path, int line, string message)
    {
        this.path = path;
        this.line = line;
        this.message = message;
    }

    public Diagnostic ToDiagnostic()
    {
        var start = new LinePosition(line, 0);
        return Diagnostic.Create(Descriptor, Location.Create(path, new TextSpan(0, 0), new LinePositionSpan(start, start)), message);
    }
}
