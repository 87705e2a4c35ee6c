namespace Redoubt.XenApi;

/// <summary>
/// A reference to an object of one class. Two refs of different classes are different types, so a VDI's can't be passed for a VM's.
/// </summary>
/// <remarks>The default value is the null reference, which the wire spells <c>OpaqueRef:NULL</c>.</remarks>
public readonly record struct Ref<TRecord> : IComparable<Ref<TRecord>>, IRef
    where TRecord : Record
{
    private readonly string? opaque;

    /// <summary>Takes a reference as the wire spells it; <c>OpaqueRef:NULL</c> and the empty string are null.</summary>
    public Ref(string? opaque) => this.opaque = opaque is null or "" or RefText.Null ? null : opaque;

    /// <summary>Whether this refers to nothing.</summary>
    public bool IsNull => opaque is null;

    /// <summary>The reference as the wire spells it.</summary>
    public string Opaque => opaque ?? RefText.Null;

    /// <inheritdoc/>
    public int CompareTo(Ref<TRecord> other) => string.CompareOrdinal(opaque, other.opaque);

    /// <inheritdoc/>
    public override string ToString() => Opaque;
}
