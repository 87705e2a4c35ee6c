namespace Redoubt.XenApi;

/// <summary>
/// What the data model declares of one message. The session that every call but a login begins with is not among its parameters.
/// </summary>
public sealed class MessageModel
{
    /// <summary>Declares the message.</summary>
    public MessageModel(string name, IReadOnlyList<ParameterModel> parameters, XenType result, AllowedRoles roles)
    {
        Name = name;
        Parameters = parameters;
        Result = result;
        Roles = roles;
    }

    /// <summary>The message's name, without its class.</summary>
    public string Name { get; }

    /// <summary>The parameters after the session.</summary>
    public IReadOnlyList<ParameterModel> Parameters { get; }

    /// <summary>The type of the answer.</summary>
    public XenType Result { get; }

    /// <summary>Who may send it.</summary>
    public AllowedRoles Roles { get; }

    /// <summary>Whether the first parameter is a session.</summary>
    public bool NeedsSession { get; init; } = true;

    /// <summary>Whether XenAPI lacks this message and Redoubt added it.</summary>
    public bool IsExtension { get; init; }

    /// <summary>What it does, in a sentence or two; empty where the data model does not say it.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The error codes that it is documented to answer with.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>
    /// How it follows from a field or the class itself; <see cref="ImplicitKind.None"/> for messages with behaviour of their own.
    /// </summary>
    public ImplicitKind Implicit { get; init; }

    /// <summary>The keys with roles of their own; empty unless this adds a key to a map or removes one.</summary>
    public IReadOnlyList<KeyRole> KeyRoles => Implicit is ImplicitKind.AddTo or ImplicitKind.RemoveFrom ? Field!.KeyRoles : [];

    /// <summary>The field an implicit message reads or writes; null for all others.</summary>
    public FieldModel? Field { get; init; }
}
