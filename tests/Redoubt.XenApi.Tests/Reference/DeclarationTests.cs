using System.Text.Json;

namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Holds the data model to the interface and the database of xapi 24.10, of which it must be a superset.</summary>
public sealed class DeclarationTests
{
    [Fact]
    public void The_declaration_has_every_class_field_enum_and_message_of_XenAPI()
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(SharedFiles.Reference("xenapi.json")));
        AssertNone(ApiDifferences.Find(reference.RootElement));
        ListExtensions();
    }

    [Fact]
    public void The_declaration_has_every_table_and_column_of_the_database()
    {
        AssertNone(SchemaDifferences.Find(File.ReadLines(SharedFiles.Reference("xapi-database-schema.txt"))));
    }

    private static void AssertNone(IReadOnlyList<string> differences)
    {
        var unexpected = differences.Where(d => !KnownDifferences.Contains(d)).ToList();
        Assert.True(unexpected.Count == 0, $"{unexpected.Count} differences:\n{string.Join('\n', unexpected)}");
    }

    private static void ListExtensions()
    {
        var classes = DataModel.Classes.Values;
        var extensions = classes.Where(c => c.IsExtension).Select(c => c.Name)
            .Concat(classes.SelectMany(c => c.AllFields.Where(f => f.IsExtension).Select(f => $"{c.Name}.{f.Name}")))
            .Concat(classes.SelectMany(c => c.Messages.Values.Where(m => m.IsExtension).Select(m => $"{c.Name}.{m.Name}()")))
            .Concat(DeclaredEnums.OfExtensions().Select(name => "enum " + name));
        TestContext.Current.TestOutputHelper?.WriteLine("Extensions: " + string.Join(", ", extensions.Order()));
    }
}
