using System.Collections.Concurrent;

namespace Redoubt.XenApi;

/// <summary>References to objects of one class.</summary>
public sealed class RefType<TRecord> : XenType<Ref<TRecord>>, IRefType
    where TRecord : Record
{
    private static readonly ConcurrentDictionary<string, RefType<TRecord>> Instances = new();

    private RefType(string className) => ClassName = className;

    /// <inheritdoc/>
    public string ClassName { get; }

    /// <inheritdoc/>
    public override string Name => "ref " + ClassName;

    /// <inheritdoc/>
    public override Ref<TRecord> Initial => default;

    /// <summary>The type of references to this class.</summary>
    public static RefType<TRecord> Of(string className) => Instances.GetOrAdd(className, name => new(name));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, Ref<TRecord> value) => writer.String(value.Opaque);

    /// <inheritdoc/>
    public override Ref<TRecord> Read(WireValue value) => new(value.AsString(Name));

    /// <inheritdoc/>
    public override string Encode(Ref<TRecord> value) => value.Opaque;

    /// <inheritdoc/>
    public override Ref<TRecord> Decode(string text) => new(text);
}
