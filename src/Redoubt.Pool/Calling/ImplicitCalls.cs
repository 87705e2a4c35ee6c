using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The messages that every class has because of its fields: getters, setters, lists.</summary>
public sealed class ImplicitCalls(PoolDatabase database)
{
    /// <summary>Whether this message is answered here.</summary>
    public static bool Handles(MessageModel message) =>
        message.Implicit is not (ImplicitKind.None or ImplicitKind.Create or ImplicitKind.Destroy);

    /// <summary>Answers the message.</summary>
    /// <exception cref="XenApiException"><c>HANDLE_INVALID</c>, <c>UUID_INVALID</c>, <c>MAP_DUPLICATE_KEY</c>.</exception>
    public async Task<object?> InvokeAsync(CallContext call, ClassModel model, MessageModel message, object?[] arguments)
    {
        // Roles follow from the data model; a foreign database's table of them is empty too.
        var table = model == RoleRecord.Declaration ? StaticRoles.Table : call.State.Table(model);
        switch (message.Implicit)
        {
            case ImplicitKind.GetAll: return References(model, table.Rows);
            case ImplicitKind.GetAllRecords: return Records(model, table.Rows, call.Session.Role);
            case ImplicitKind.GetAllRecordsWhere:
                // At once: what is wrong with the condition shows only here, and must not show in the middle of the answer.
                // What may not be seen can't be asked for either: a condition that matches tells as much as a getter.
                return Records(
                    model,
                    Query.Select(
                        (string)arguments[0]!, model, [.. table.Rows], r => SecretFields.Mask(r.Record, call.Session.Role),
                        call.Cancellation),
                    call.Session.Role);
            case ImplicitKind.GetRecord: return SecretFields.Mask(Find(table, arguments[0]).Record, call.Session.Role);
            case ImplicitKind.GetByUuid:
                var found = table.FindByUuid((string)arguments[0]!)
                    ?? throw new XenApiException("UUID_INVALID", model.Name, (string)arguments[0]!);
                return model.RefType.ReadObject(new WireString(found.Ref));
            case ImplicitKind.GetByNameLabel: return References(model, table.FindByName((string)arguments[0]!));
            case ImplicitKind.GetField:
                var record = SecretFields.Mask(Find(table, arguments[0]).Record, call.Session.Role);
                return message.Field!.FindUnrecognized(record) ?? message.Field.GetValue(record);
            default:
                await WriteAsync(model, message, arguments, call.Cancellation);
                return "";
        }
    }

    private static object References(ClassModel model, IEnumerable<Row> rows) =>
        model.Messages["get_all"].Result.ReadObject(new WireArray([.. rows.Select(r => new WireString(r.Ref))]))!;

    private static RecordTable Records(ClassModel model, IEnumerable<Row> rows, Role role) =>
        new(model, rows.Select(r => (r.Ref, SecretFields.Mask(r.Record, role))));

    private static Row Find(Table table, object? self) =>
        table.Find(((IRef)self!).Opaque) ?? throw new XenApiException("HANDLE_INVALID", table.Class.Name, ((IRef)self).Opaque);

    private Task WriteAsync(ClassModel model, MessageModel message, object?[] arguments, CancellationToken cancellation)
    {
        var field = message.Field!;
        return database.WriteAsync(
            tx => tx.Update(model, ((IRef)arguments[0]!).Opaque, record =>
            {
                var changed = field.With(record, message.Implicit switch
                {
                    ImplicitKind.SetField => arguments[1],
                    ImplicitKind.AddTo => AddTo((IMapType)field.Type, field.GetValue(record)!, model, field, arguments),
                    ImplicitKind.RemoveFrom => ((IMapType)field.Type).Remove(field.GetValue(record)!, arguments[1]!),
                    ImplicitKind.Add => ((ISetType)field.Type).Add(field.GetValue(record)!, arguments[1]!),
                    ImplicitKind.Remove => ((ISetType)field.Type).Remove(field.GetValue(record)!, arguments[1]!),
                    var other => throw new InvalidOperationException($"{other} does not write."),
                });
                if (message.Implicit is ImplicitKind.SetField or ImplicitKind.AddTo or ImplicitKind.Add)
                {
                    FieldEffects.Require(model, field, record, changed);
                }

                return changed;
            }),
            cancellation);
    }

    private static object AddTo(IMapType type, object map, ClassModel model, FieldModel field, object?[] arguments)
    {
        var key = arguments[1]!;
        return type.Contains(map, key)
            ? throw new XenApiException(
                "MAP_DUPLICATE_KEY", model.Name, field.Name, ((IRef)arguments[0]!).Opaque, type.Key.EncodeObject(key))
            : type.Set(map, key, arguments[2]!);
    }
}
