using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>
/// Something that a role lets people do: send a message, write a key of a map that has a role of its own, use a transfer.
/// </summary>
/// <param name="Name">Its name, for example <c>VM.start</c>, <c>VM.add_to_other_config/key:folder</c> or
/// <c>http/get_export_raw_vdi</c>.</param>
/// <param name="Roles">Who may.</param>
public sealed record Permission(string Name, AllowedRoles Roles)
{
    /// <summary>All permissions there are, by name.</summary>
    public static FrozenDictionary<string, Permission> All { get; } = DataModel.Classes.Values
        .SelectMany(OfClass)
        .Concat(BesideMessages())
        .ToFrozenDictionary(p => p.Name);

    /// <summary>How clients see it.</summary>
    public string Label => Lower(Name);

    /// <summary>A permission's label: its name in lower case.</summary>
    public static string Lower(string name) => name.ToLowerInvariant();

    /// <summary>The name of the permission to write one key of a map.</summary>
    public static string OfKey(string message, string key) => $"{message}/key:{key}";

    private static IEnumerable<Permission> OfClass(ClassModel model) => model.Messages.Values.SelectMany(message =>
    {
        var name = $"{model.Name}.{message.Name}";
        return message.KeyRoles.Select(k => new Permission(OfKey(name, k.Key), k.Roles)).Prepend(new(name, message.Roles));
    });

    // What is reached by an address of its own, or lies inside a message that everyone may send.
    private static IEnumerable<Permission> BesideMessages()
    {
        foreach (var (name, lowest) in new[]
        {
            ("http/post_root", Role.ReadOnly), ("http/post_jsonrpc", Role.ReadOnly),
            ("http/put_import_raw_vdi", Role.VmAdmin), ("http/get_export_raw_vdi", Role.VmAdmin),
            ("http/put_import", Role.VmAdmin), ("http/get_export", Role.VmAdmin),
            ("http/rrd_updates", Role.ReadOnly), ("http/vm_rrd", Role.ReadOnly), ("http/host_rrd", Role.ReadOnly),
            ("http/connect_console", Role.VmOperator), ("http/connect_console_ws", Role.VmOperator),
            ("http/get_pool_xml_db_sync", Role.PoolAdmin),
            ("task.destroy/any", Role.PoolOperator), ("task.cancel/any", Role.PoolOperator),
        })
        {
            yield return new(name, new(lowest, ClientCertificate: lowest == Role.ReadOnly));
        }
    }
}
