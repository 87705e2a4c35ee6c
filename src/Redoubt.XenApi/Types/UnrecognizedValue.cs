namespace Redoubt.XenApi;

/// <summary>
/// A value with names that this data model lacks, because a newer version wrote it. It goes over the wire as it came: a client may
/// know the name, and one that doesn't must still get the rest of the record.
/// </summary>
/// <param name="Spelling">The value in the database's spelling.</param>
/// <param name="WriteTo">Writes it to the wire.</param>
public sealed record UnrecognizedValue(string Spelling, Action<IWireWriter> WriteTo);
