namespace Redoubt.XenApi;

/// <summary>Derives the messages that a class has because of its fields.</summary>
internal static class ImplicitMessages
{
    public static IEnumerable<MessageModel> Of(ClassModel model)
    {
        var self = new ParameterModel("self", model.RefType);
        var roles = model.Roles;
        if (roles.HasAll)
        {
            yield return new("get_all", [], XenTypes.SetOf(model.RefType), roles.Get) { Implicit = ImplicitKind.GetAll };
            yield return new("get_all_records", [], XenTypes.RecordMap, roles.Get) { Implicit = ImplicitKind.GetAllRecords };
            yield return new("get_all_records_where", [new("expr", XenTypes.String)], XenTypes.RecordMap, roles.Get)
            { Implicit = ImplicitKind.GetAllRecordsWhere };
        }

        if (roles.HasRecord)
        {
            yield return new("get_record", [self], model.RecordType, roles.Get) { Implicit = ImplicitKind.GetRecord };
            yield return new("get_by_uuid", [new("uuid", XenTypes.String)], model.RefType, roles.Get) { Implicit = ImplicitKind.GetByUuid };

            // By column, not by wire name: a pool's name_label lies outside the name space "name", and xapi finds no pool by it.
            if (model.FindColumn("name__label") is not null)
            {
                yield return new("get_by_name_label", [new("label", XenTypes.String)], XenTypes.SetOf(model.RefType), roles.Get)
                { Implicit = ImplicitKind.GetByNameLabel };
            }

            foreach (var field in model.Fields)
            {
                yield return new("get_" + field.Name, [self], field.Type, field.GetRole ?? roles.Get)
                { Implicit = ImplicitKind.GetField, Field = field, IsExtension = field.IsExtension };
            }
        }

        foreach (var message in model.Fields.Where(f => f.Access == FieldAccess.ReadWrite)
            .SelectMany(f => Writing(f, self, f.SetRole ?? roles.Set)))
        {
            yield return message;
        }

        if (roles.Create is { } create)
        {
            yield return new("create", [new("args", model.RecordType)], model.RefType, create) { Implicit = ImplicitKind.Create };
        }

        if (roles.Destroy is { } destroy)
        {
            yield return new("destroy", [self], XenTypes.Void, destroy) { Implicit = ImplicitKind.Destroy };
        }
    }

    private static IEnumerable<MessageModel> Writing(FieldModel field, ParameterModel self, AllowedRoles roles)
    {
        MessageModel Make(string prefix, ImplicitKind kind, params ParameterModel[] more) =>
            new(prefix + field.Name, [self, .. more], XenTypes.Void, roles)
            {
                Implicit = kind,
                Field = field,
                IsExtension = field.IsExtension,
            };

        yield return Make("set_", ImplicitKind.SetField, new ParameterModel("value", field.Type));
        if (field.Type is IMapType map)
        {
            yield return Make("add_to_", ImplicitKind.AddTo, new("key", map.Key), new("value", map.Value));
            yield return Make("remove_from_", ImplicitKind.RemoveFrom, new ParameterModel("key", map.Key));
        }
        else if (field.Type is ISetType set)
        {
            yield return Make("add_", ImplicitKind.Add, new ParameterModel("value", set.Element));
            yield return Make("remove_", ImplicitKind.Remove, new ParameterModel("value", set.Element));
        }
    }
}
