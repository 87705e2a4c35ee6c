namespace Redoubt.XenApi;

/// <summary>Which implicit messages a class has, and who may send them.</summary>
/// <param name="Get">Who may read; a field may say otherwise.</param>
/// <param name="Set">Who may write; a field may say otherwise.</param>
/// <param name="Create">Who may send the implicit <c>create</c>; null if there is none.</param>
/// <param name="Destroy">Who may send the implicit <c>destroy</c>; null if there is none.</param>
/// <param name="HasRecord">Whether there are <c>get_record</c>, <c>get_by_uuid</c> and the getters of fields.</param>
/// <param name="HasAll">Whether there are <c>get_all</c> and <c>get_all_records</c>.</param>
public sealed record ClassRoles(
    AllowedRoles Get, AllowedRoles Set, AllowedRoles? Create, AllowedRoles? Destroy, bool HasRecord, bool HasAll);
