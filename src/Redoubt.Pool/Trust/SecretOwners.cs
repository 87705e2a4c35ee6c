using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What people call the thing that a secret belongs to: the VM of a drive, the SR of a connection.</summary>
internal sealed class SecretOwners(DatabaseState state)
{
    // A secret has no name. Whoever refers to it has: a connection by the secret's UUID, a TPM by its reference.
    private readonly ILookup<string, Ref<SrRecord>> _connected = state.All<PbdRecord>()
        .SelectMany(p => p.Record.DeviceConfig.Values.Select(value => (value, p.Record.Sr)))
            .ToLookup(p => p.value, p => p.Sr, StringComparer.Ordinal);

    private readonly ILookup<Ref<SecretRecord>, Ref<VmRecord>> _kept = state.All<VtpmRecord>()
        .ToLookup(t => t.Record.Contents, t => t.Record.Vm);

    /// <summary>The class, UUID and name of it.</summary>
    public (string Class, string Uuid, string Name) Of(ClosedSecret closed) => state.Table(closed.Class).Find(closed.Ref)?.Record switch
    {
        PbdRecord pbd when state.Find(pbd.Sr) is { } sr => ("SR", sr.Uuid, BriefText.Of(sr.NameLabel)),
        VbdRecord vbd when state.Find(vbd.Vm) is { } vm => Of(vm),
        VifRecord vif when state.Find(vif.Vm) is { } vm => Of(vm),
        VtpmRecord tpm when state.Find(tpm.Vm) is { } vm => Of(vm),
        SecretRecord secret => OfSecret(new(closed.Ref), secret),
        VmRecord vm => Of(vm),
        { } record => (closed.Class.Name, Field(closed.Class, "uuid", record), BriefText.Of(Field(closed.Class, "name_label", record))),
        null => (closed.Class.Name, "", ""),
    };

    private (string Class, string Uuid, string Name) OfSecret(Ref<SecretRecord> reference, SecretRecord secret) =>
        _connected[secret.Uuid].Select(state.Find)
            .FirstOrDefault(sr => sr is not null) is { } sr ? ("SR", sr.Uuid, BriefText.Of(sr.NameLabel))
            : _kept[reference].Select(state.Find).FirstOrDefault(vm => vm is not null) is { } vm ? Of(vm)
            : ("secret", secret.Uuid, "");

    private static (string Class, string Uuid, string Name) Of(VmRecord vm) => ("VM", vm.Uuid, BriefText.Of(vm.NameLabel));

    private static string Field(ClassModel model, string name, Record record) => model.FindField(name)?.GetValue(record) as string ?? "";
}
