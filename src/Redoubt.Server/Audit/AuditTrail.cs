using System.Net;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Audit;

/// <summary>
/// Says of each call whether it is recorded, and what of it: who and on which objects, never the values, which may be secrets.
/// </summary>
internal sealed class AuditTrail(PoolServices pool, AuditLog log)
{
    private const int LongestName = 256;

    private static readonly string[] ReadingVerbs =
        ["get", "assert", "has", "query", "read", "compute", "maximise", "probe", "retrieve", "list", "is", "plan", "wait"];

    /// <summary>Begins the record of a call; null for one that changes nothing.</summary>
    public AuditedCall? Begin(
        SessionState session, IPAddress remote, string method, ClassModel model, MessageModel message, IReadOnlyList<WireValue> given) =>
        Reads(model, message) ? null : new(pool, log, session, remote, method, ObjectsOf(message, given), ClassOf(message.Result));

    /// <summary>Begins the record of a transfer, which is always recorded: what was read leaves the pool.</summary>
    public AuditedCall BeginTransfer(
        SessionState session, IPAddress remote, string handler, ClassModel? model, IEnumerable<string> references) =>
        new(pool, log, session, remote, handler, model is null ? [] : Describe(pool.State, model, references), null);

    /// <summary>Begins the record of a look into a file of the machine, by its path.</summary>
    public AuditedCall BeginFile(SessionState session, IPAddress remote, string handler, string path) =>
        new(pool, log, session, remote, handler, [new("file", "", path)], null);

    /// <summary>Records a login, or the attempt of one.</summary>
    public Task LoginAsync(string message, string user, IPAddress remote, SessionState? session, string result) =>
        new AuditedCall(pool, log, session, remote, message, [], null, user[..Math.Min(user.Length, LongestName)]).EndAsync(result);

    internal static List<AuditedObject> Describe(DatabaseState state, ClassModel model, IEnumerable<string> references)
    {
        // A session's reference and even its UUID are keys to it.
        if (model.Name == "session")
        {
            return [];
        }

        var table = model == RoleRecord.Declaration ? StaticRoles.Table : state.Table(model);
        return [.. references.Select(table.Find).OfType<Row>().Select(row => new AuditedObject(
            model.Name, model.FindField("uuid")?.GetValue(row.Record) as string ?? "",
            model.FindField("name_label")?.GetValue(row.Record) as string ?? ""))];
    }

    /// <summary>Whether a message changes nothing.</summary>
    internal static bool Reads(ClassModel model, MessageModel message) => message.Implicit switch
    {
        ImplicitKind.None => model.Name == "event" || ReadingVerbs.Contains(message.Name.Split('_')[0]),
        ImplicitKind.SetField or ImplicitKind.AddTo or ImplicitKind.RemoveFrom or ImplicitKind.Add or ImplicitKind.Remove
            or ImplicitKind.Create or ImplicitKind.Destroy => false,
        _ => true,
    };

    private List<AuditedObject> ObjectsOf(MessageModel message, IReadOnlyList<WireValue> given)
    {
        var state = pool.State;
        return [.. message.Parameters.Zip(given).SelectMany(p => (p.First.Type, p.Second) switch
        {
            (IRefType, WireString one) => Describe(state, ClassOf(p.First.Type)!, [one.Value]),
            (ISetType { Element: IRefType }, WireArray many) =>
                Describe(state, ClassOf(((ISetType)p.First.Type).Element)!, many.Items.OfType<WireString>().Select(s => s.Value)),
            _ => [],
        })];
    }

    private static ClassModel? ClassOf(XenType type) => type is IRefType reference ? DataModel.FindClass(reference.ClassName) : null;
}
