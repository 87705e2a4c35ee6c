namespace Redoubt.XenApi.Generator;

/// <summary>
/// Checks what one line can't tell: that every name a declaration uses is declared, once. What fails is reported and taken out, so that
/// the C# of the rest compiles and the reader sees the cause only.
/// </summary>
internal static class DeclarationChecker
{
    public static List<ClassDeclaration> Check(IEnumerable<ClassDeclaration> declarations)
    {
        var named = declarations.Where(c => c.Name.Length > 0).OrderBy(c => c.Name, StringComparer.Ordinal).ToList();
        RemoveRepeated(named, c => Naming.RecordName(c.Name), (c, twice) => c.Report(c.Line, $"the class {c.Name} is declared twice"));
        var enums = new HashSet<string>(StringComparer.Ordinal);
        foreach (var declaration in named)
        {
            declaration.Enums.RemoveAll(e => Report(declaration, e.Line, Problem(e)));
            declaration.Enums.RemoveAll(
                e => Report(declaration, e.Line, enums.Add(Naming.Pascal(e.Name)) ? null : $"the enum {e.Name} is declared twice"));
        }

        var known = new KnownNames(named);
        foreach (var declaration in named)
        {
            RemoveRepeated(
                declaration.Fields, f => Naming.Pascal(f.ApiName),
                (f, _) => declaration.Report(f.Line, $"the field {f.Column} is declared twice"));
            RemoveRepeated(
                declaration.Messages, m => Naming.Pascal(m.Name),
                (m, _) => declaration.Report(m.Line, $"the message {m.Name} is declared twice"));
            declaration.Fields.RemoveAll(
                f => Report(declaration, f.Line, known.Problem(f.Type) ?? known.ProblemOfRelation(f) ?? known.ProblemOfDefault(f)));
            declaration.Messages.RemoveAll(m => Report(declaration, m.Line, Problem(m)));
            declaration.Messages.RemoveAll(m =>
                Report(
                    declaration, m.Line,
                    m.Parameters.Select(p => p.Type).Concat(new[] { m.Result }).Select(known.Problem).FirstOrDefault(p => p != null)));
        }

        return named;
    }

    private static bool Report(ClassDeclaration declaration, int line, string? problem)
    {
        if (problem != null)
        {
            declaration.Report(line, problem);
        }

        return problem != null;
    }

    private static void RemoveRepeated<T>(List<T> items, Func<T, string> key, Action<T, string> report)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        items.RemoveAll(item =>
        {
            var repeated = !seen.Add(key(item));
            if (repeated)
            {
                report(item, key(item));
            }

            return repeated;
        });
    }

    // What sends a message names the client and the token besides its parameters.
    private static string? Problem(MessageDeclaration declaration)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "Client", "CancellationToken" };
        var twice = declaration.Parameters.FirstOrDefault(p => !names.Add(Naming.Pascal(p.Name)));
        return twice.Name is null ? null : $"the parameter {twice.Name} of {declaration.Name} can't be called so: another is";
    }

    private static string? Problem(EnumDeclaration declaration)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "Unrecognized" };
        var twice = declaration.Values.FirstOrDefault(v => !names.Add(Naming.Pascal(v)));
        return twice is null ? null : $"two values of {declaration.Name} have the C# name {Naming.Pascal(twice)}";
    }
}
