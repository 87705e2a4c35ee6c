using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What people call the thing that a secret belongs to: the VM of a drive, the SR of a connection.</summary>
internal static class SecretOwners
{
    /// <summary>The class, UUID and name of it.</summary>
    public static (string Class, string Uuid, string Name) Of(DatabaseState state, ClosedSecret closed) => state.Table(closed.Class).Find(closed.Ref)?.Record switch
    {
        PbdRecord pbd when state.Find(pbd.Sr) is { } sr => ("SR", sr.Uuid, BriefText.Of(sr.NameLabel)),
        VbdRecord vbd when state.Find(vbd.Vm) is { } vm => Of(vm),
        VifRecord vif when state.Find(vif.Vm) is { } vm => Of(vm),
        VtpmRecord tpm when state.Find(tpm.Vm) is { } vm => Of(vm),
        SecretRecord secret => OfSecret(state, closed.Ref, secret),
        VmRecord vm => Of(vm),
        { } record => (closed.Class.Name, Field(closed.Class, "uuid", record), BriefText.Of(Field(closed.Class, "name_label", record))),
        null => (closed.Class.Name, "", ""),
    };

    // A secret has no name. Whoever refers to it has: a connection by the secret's UUID, a TPM by its reference.
    private static (string Class, string Uuid, string Name) OfSecret(DatabaseState state, string reference, SecretRecord secret)
    {
        if (state.All<PbdRecord>().FirstOrDefault(p => p.Record.DeviceConfig.ContainsValue(secret.Uuid)).Record is { } pbd && state.Find(pbd.Sr) is { } sr)
        {
            return ("SR", sr.Uuid, BriefText.Of(sr.NameLabel));
        }

        var tpm = state.All<VtpmRecord>().FirstOrDefault(t => t.Record.Contents.Opaque == reference).Record;
        return tpm is not null && state.Find(tpm.Vm) is { } vm ? Of(vm) : ("secret", secret.Uuid, "");
    }

    private static (string Class, string Uuid, string Name) Of(VmRecord vm) => ("VM", vm.Uuid, BriefText.Of(vm.NameLabel));

    private static string Field(ClassModel model, string name, Record record) => model.FindField(name)?.GetValue(record) as string ?? "";
}
