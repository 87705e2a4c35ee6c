namespace Redoubt.XenApi;

/// <summary>The messages that every class has because of what it is, not because of what it does.</summary>
public enum ImplicitKind
{
    /// <summary>Not implicit.</summary>
    None,

    /// <summary><c>get_all</c>.</summary>
    GetAll,

    /// <summary><c>get_all_records</c>.</summary>
    GetAllRecords,

    /// <summary><c>get_all_records_where</c>.</summary>
    GetAllRecordsWhere,

    /// <summary><c>get_record</c>.</summary>
    GetRecord,

    /// <summary><c>get_by_uuid</c>.</summary>
    GetByUuid,

    /// <summary><c>get_by_name_label</c>.</summary>
    GetByNameLabel,

    /// <summary><c>get_</c> and a field.</summary>
    GetField,

    /// <summary><c>set_</c> and a field.</summary>
    SetField,

    /// <summary><c>add_to_</c> and a map.</summary>
    AddTo,

    /// <summary><c>remove_from_</c> and a map.</summary>
    RemoveFrom,

    /// <summary><c>add_</c> and a set.</summary>
    Add,

    /// <summary><c>remove_</c> and a set.</summary>
    Remove,

    /// <summary><c>create</c> from a record.</summary>
    Create,

    /// <summary><c>destroy</c>.</summary>
    Destroy,
}
