using System.Collections.Concurrent;

namespace Redoubt.XenApi;

/// <summary>Text that is JSON itself. The calls of XenAPI have it as text; what speaks JSON anyway can have it as what it is.</summary>
public sealed class JsonTextType : XenType<string>
{
    private static readonly ConcurrentDictionary<string, JsonTextType> Instances = new();

    private JsonTextType(string shape) => Shape = shape;

    /// <summary>The .NET type that the JSON is of, by its name, with <c>[]</c> after it for an array of them.</summary>
    public string Shape { get; }

    /// <inheritdoc/>
    public override string Name => "json " + Shape;

    /// <inheritdoc/>
    public override string Initial => "";

    /// <summary>The type of text that has values of this .NET type.</summary>
    public static JsonTextType Of(string shape) => Instances.GetOrAdd(shape, name => new(name));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, string value) => writer.Json(value);

    /// <inheritdoc/>
    public override string Read(WireValue value) => value.AsString(Name);

    /// <inheritdoc/>
    public override string Encode(string value) => value;

    /// <inheritdoc/>
    public override string Decode(string text) => text;
}
