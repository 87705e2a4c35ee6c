using System.Globalization;
using System.Resources;

namespace Redoubt.Console;

/// <summary>The words of one class of texts, in the visitor's language: from the resource file beside the class.</summary>
/// <param name="texts">The class.</param>
internal sealed class Words(Type texts)
{
    private readonly ResourceManager _resources = new(texts);

    /// <exception cref="MissingManifestResourceException">There is no such text.</exception>
    public string this[string name] => _resources.GetString(name, CultureInfo.CurrentUICulture)
        ?? throw new MissingManifestResourceException($"{texts.Name}.resx has no text {name}");

    /// <summary>A text with something put into its places.</summary>
    /// <exception cref="MissingManifestResourceException">There is no such text.</exception>
    public string Of(string name, params ReadOnlySpan<object?> values) => string.Format(CultureInfo.CurrentUICulture, this[name], values);
}
