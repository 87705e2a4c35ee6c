using System.Collections.Concurrent;

namespace Redoubt.XenApi;

/// <summary>A whole record of one class.</summary>
public sealed class RecordType<TRecord> : XenType<TRecord>
    where TRecord : Record, IRecord<TRecord>, new()
{
    private static readonly ConcurrentDictionary<string, RecordType<TRecord>> Instances = new();
    private readonly string className;

    private RecordType(string className) => this.className = className;

    /// <inheritdoc/>
    public override string Name => "record " + className;

    /// <inheritdoc/>
    public override TRecord Initial => new();

    /// <summary>The type of records of this class.</summary>
    public static RecordType<TRecord> Of(string className) => Instances.GetOrAdd(className, name => new(name));

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, TRecord value) => TRecord.Declaration.WriteRecord(writer, value);

    /// <inheritdoc/>
    public override TRecord Read(WireValue value) => (TRecord)TRecord.Declaration.FromWire(value);

    /// <inheritdoc/>
    public override TRecord ReadAnswer(WireValue value) => (TRecord)TRecord.Declaration.FromAnswer(value);

    /// <inheritdoc/>
    public override string Encode(TRecord value) => throw new InvalidOperationException("No column of a database holds a record.");

    /// <inheritdoc/>
    public override TRecord Decode(string text) => throw new InvalidOperationException("No column of a database holds a record.");
}
