namespace Redoubt.XenApi;

/// <summary>References and records of one class, as <c>get_all_records</c> answers them.</summary>
/// <param name="Class">The class of the records.</param>
/// <param name="Rows">Each object's reference and record.</param>
public sealed record RecordTable(ClassModel Class, IEnumerable<(string Ref, Record Record)> Rows);
