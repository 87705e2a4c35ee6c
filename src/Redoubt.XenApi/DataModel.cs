using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>The whole data model: every class of XenAPI, and Redoubt's extensions.</summary>
public static partial class DataModel
{
    /// <summary>The schema version that our databases carry (xapi 24.10's): older and newer ones are read too.</summary>
    public const int SchemaMajor = 5;

    /// <inheritdoc cref="SchemaMajor"/>
    public const int SchemaMinor = 775;

    /// <summary>All classes, by name.</summary>
    public static IReadOnlyDictionary<string, ClassModel> Classes { get; } = Declared().ToFrozenDictionary(c => c.Name);

    // Stands after the classes: it is made from them.
    private static readonly FrozenDictionary<string, string> Underscored = Classes.Values
        .SelectMany(c => c.Messages.Keys.Select(m => (Spelled: $"{c.Name}_{m}", Name: $"{c.Name}.{m}"))).DistinctBy(n => n.Spelled)
            .ToFrozenDictionary(n => n.Spelled, n => n.Name);

    /// <summary>The class of this name, whatever the case of its letters, or null.</summary>
    /// <remarks>Events spell classes in lower case.</remarks>
    public static ClassModel? FindClass(string name) => Classes.GetValueOrDefault(name)
        ?? Classes.Values.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The full name of a message that a client may also have spelled with an underscore in the place of the dot (<c>VM_start</c>), since
    /// not every language lets a dot stand in a name; xapi takes both. Any other name is given back as it is.
    /// </summary>
    public static string FullName(string spelled) => Underscored.GetValueOrDefault(spelled, spelled);

    /// <summary>The message of this full name (<c>VM.start</c>), or null.</summary>
    public static (ClassModel Class, MessageModel Message)? FindMessage(string fullName)
    {
        var dot = fullName.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && Classes.TryGetValue(fullName[..dot], out var model)
            && model.Messages.TryGetValue(fullName[(dot + 1)..], out var message)
            ? (model, message)
            : null;
    }
}
