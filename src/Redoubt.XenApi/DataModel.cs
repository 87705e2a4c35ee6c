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

    /// <summary>The class of this name, whatever the case of its letters, or null.</summary>
    /// <remarks>Events spell classes in lower case.</remarks>
    public static ClassModel? FindClass(string name) => Classes.GetValueOrDefault(name)
        ?? Classes.Values.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The message of this full name (<c>VM.start</c>), or null.</summary>
    public static (ClassModel Class, MessageModel Message)? FindMessage(string fullName)
    {
        var dot = fullName.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && Classes.TryGetValue(fullName[..dot], out var model) && model.Messages.TryGetValue(fullName[(dot + 1)..], out var message)
            ? (model, message)
            : null;
    }
}
