using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>
/// A project below <c>src</c> as its text tells it: which types it declares where, and which folder uses types of which other. It is read
/// without being compiled, so a use is a name in a place where a type can stand; what is used as an extension of its first parameter
/// leaves no name and is not seen.
/// </summary>
internal sealed partial class SourceProject
{
    private readonly List<(string Folder, HashSet<string> Names)> _files = [];

    private SourceProject(string name) => Name = name;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SourceProject> All { get; } =
    [
        .. SourceFiles.Below("src", ".csproj").Select(f => Path.GetFileNameWithoutExtension(f)).Select(Read),
    ];

    /// <summary>The project's name.</summary>
    public string Name { get; }

    /// <summary>The types that it declares.</summary>
    public List<SourceType> Types { get; } = [];

    /// <summary>Which folder uses which, with the names of the types by which it does.</summary>
    public Dictionary<string, SortedDictionary<string, SortedSet<string>>> Arrows()
    {
        var homes = Types.GroupBy(t => t.Name).Where(g => g.Select(t => t.Folder).Distinct().Count() == 1)
            .ToDictionary(g => g.Key, g => g.First().Folder);
        var arrows = new Dictionary<string, SortedDictionary<string, SortedSet<string>>>();
        foreach (var (folder, names) in _files)
        {
            foreach (var name in names.Where(n => homes.TryGetValue(n, out var home) && home != folder))
            {
                arrows.TryAdd(folder, new(StringComparer.Ordinal));
                arrows[folder].TryAdd(homes[name], new(StringComparer.Ordinal));
                arrows[folder][homes[name]].Add(name);
            }
        }

        return arrows;
    }

    private static SourceProject Read(string name)
    {
        var project = new SourceProject(name);
        foreach (var file in SourceFiles.Below($"src/{name}", ".cs", ".razor"))
        {
            var folder = Path.GetDirectoryName(Path.GetRelativePath($"src/{name}", file))!;
            if (Path.GetExtension(file) == ".cs")
            {
                project.AddCode(file, folder);
            }
            else if (Path.GetFileName(file) != "_Imports.razor")
            {
                project.AddPage(file, folder);
            }
        }

        return project;
    }

    private void AddCode(string file, string folder)
    {
        var root = CSharpSyntaxTree.ParseText(SourceFiles.Read(file)).GetRoot();
        Types.AddRange(root.DescendantNodes().Where(n => n.Parent is not TypeDeclarationSyntax).Select(n => n switch
        {
            BaseTypeDeclarationSyntax type => type.Identifier.Text,
            DelegateDeclarationSyntax type => type.Identifier.Text,
            _ => null,
        }).OfType<string>().Select(type => new SourceType(type, Name, folder, file)));

        // A member that is called as a type is called elsewhere is meant where its name stands alone.
        var members = root.DescendantNodes().Select(n => n switch
        {
            PropertyDeclarationSyntax { Type: var type } property when Plain(type) != property.Identifier.Text => property.Identifier.Text,
            ParameterSyntax { Type: { } type } parameter when Plain(type) != parameter.Identifier.Text => parameter.Identifier.Text,
            MethodDeclarationSyntax method => method.Identifier.Text,
            EnumMemberDeclarationSyntax member => member.Identifier.Text,
            VariableDeclaratorSyntax variable => variable.Identifier.Text,
            BaseTypeDeclarationSyntax { Parent: TypeDeclarationSyntax } nested => nested.Identifier.Text,
            _ => "",
        }).ToHashSet();
        var names = root.DescendantNodes().OfType<SimpleNameSyntax>().Where(MayBeType).Select(n => n.Identifier.Text);
        _files.Add((folder, [.. names.Where(n => !members.Contains(n))]));
    }

    // A type stands alone, at the left of a dot, or in a name with dots; not at the right of a dot, nor where something is set or named.
    private static bool MayBeType(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == name,
        MemberBindingExpressionSyntax or NameColonSyntax or NameEqualsSyntax or UsingDirectiveSyntax => false,
        AssignmentExpressionSyntax assignment => assignment.Left != name,
        InvocationExpressionSyntax invocation => invocation.Expression != name,
        QualifiedNameSyntax qualified => !qualified.Ancestors().Any(a => a is UsingDirectiveSyntax or BaseNamespaceDeclarationSyntax),
        BaseNamespaceDeclarationSyntax => false,
        ExpressionColonSyntax or SubpatternSyntax => false,
        _ => true,
    };

    private static string Plain(TypeSyntax type) => type switch
    {
        NullableTypeSyntax nullable => Plain(nullable.ElementType),
        SimpleNameSyntax simple => simple.Identifier.Text,
        _ => "",
    };

    // A page's name is its type; what it uses are its elements, and names in its code that no dot leads to and nothing is set to.
    private void AddPage(string file, string folder)
    {
        Types.Add(new(Path.GetFileNameWithoutExtension(file), Name, folder, file));
        var text = Comment().Replace(Text().Replace(SourceFiles.Read(file), "\"\""), "");
        _files.Add((folder, [.. PageName().Matches(text).Select(m => m.Value)]));
    }

    [GeneratedRegex("""@\*.*?\*@|(?<!:)//.*?$""", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(""" "[^"@(]*" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Text();

    [GeneratedRegex(@"(?<![\w.""\-])[A-Z]\w*\b(?!\s*=[^=>])(?!\s*[({]?\s*get;)")]
    private static partial Regex PageName();
}
