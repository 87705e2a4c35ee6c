using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The virtual TPMs of VMs in a database, each with the secret that holds what it keeps. A VM has one at most; of several, as a damaged
/// database may have them, the first counts.
/// </summary>
public static class VirtualTpms
{
    /// <summary>The key of <c>VM.platform</c> by which a VM asks for one: it gets it when it is next started.</summary>
    internal const string PlatformKey = "vtpm";

    /// <summary>A VM's TPM; null if it has none.</summary>
    public static VtpmRecord? Of(DatabaseState state, VmRecord vm) => vm.Vtpms.Select(state.Find).OfType<VtpmRecord>().FirstOrDefault();

    /// <summary>What a TPM keeps, as a database has it.</summary>
    public static TpmContentsState StateOf(DatabaseState state, VtpmRecord tpm) => TpmContents.StateOf(state.Find(tpm.Contents)?.Value);

    /// <summary>What a TPM keeps; null if there is nothing, or it is damaged.</summary>
    internal static byte[]? Contents(DatabaseState state, VtpmRecord tpm) =>
        state.Find(tpm.Contents) is { } secret ? TpmContents.Decode(secret.Value) : null;

    /// <summary>
    /// Checks that a VM can be started without losing what its TPM keeps: started with an empty one, it would write that over what is
    /// sealed.
    /// </summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: the key to it is not here.</exception>
    public static void RequireOpen(DatabaseState state, VmRecord vm)
    {
        if (Of(state, vm) is { } tpm && state.Find(tpm.Contents) is { } secret && SealedText.TryParse(secret.Value, out var text))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"What the TPM of VM {vm.NameLabel} ({vm.Uuid}) keeps is sealed with key {text.KeyId}, which this pool does not have; "
                + "started without it, the guest would lose its keys. "
                + "Give this pool the key (pool-key-import); if there is none any more, take the TPM away (vtpm-destroy) and have the "
                + "guest's recovery key at hand.");
        }
    }

    /// <summary>Gives a VM a new one, which keeps nothing yet.</summary>
    internal static Ref<VtpmRecord> Create(Transaction tx, Ref<VmRecord> vm, bool isUnique) => Create(tx, vm, "", isUnique, "");

    /// <summary>Gives a VM that asks for one what it asks for, if it has none.</summary>
    internal static void Provide(Transaction tx, Ref<VmRecord> reference)
    {
        if (tx.Get(reference) is { Vtpms.Count: 0 } vm && vm.Platform.GetValueOrDefault(PlatformKey) is "true" or "1")
        {
            Create(tx, reference, isUnique: false);
        }
    }

    /// <summary>Gives a VM the TPM of another database's VM, or of another VM of this one.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="vm">The VM that gets it.</param>
    /// <param name="from">Where the other VM is.</param>
    /// <param name="theirs">The other VM.</param>
    /// <param name="isSame">Whether it is the same VM, so that its TPM is the same TPM; else one that is unique is copied without what it
    /// keeps.</param>
    /// <returns>Whether what it keeps was left behind.</returns>
    internal static bool Copy(Transaction tx, Ref<VmRecord> vm, DatabaseState from, VmRecord theirs, bool isSame)
    {
        if (Of(from, theirs) is not { } tpm)
        {
            return false;
        }

        var uuid = isSame && tx.State.FindByUuid<VtpmRecord>(tpm.Uuid).IsNull ? tpm.Uuid : "";
        var leaves = tpm.IsUnique && !isSame;
        Create(tx, vm, uuid, tpm.IsUnique, leaves ? "" : from.Find(tpm.Contents)?.Value ?? "");
        return leaves;
    }

    /// <summary>Writes down what the TPM of a VM keeps now.</summary>
    internal static void Keep(Transaction tx, Ref<VmRecord> reference, string contents)
    {
        if (tx.Find(reference) is not { } vm || vm.Vtpms.FirstOrDefault(t => tx.Find(t) is not null) is not { IsNull: false } tpm)
        {
            return;
        }

        var secret = tx.Get(tpm).Contents;
        if (tx.Find(secret) is not { } known)
        {
            var made = CreateSecret(tx, contents);
            tx.Update(tpm, t => t with { Contents = made });
        }
        else if (known.Value != contents)
        {
            tx.Update(secret, s => s with { Value = contents });
        }
    }

    /// <summary>Removes one, and what it keeps.</summary>
    internal static void Delete(Transaction tx, Ref<VtpmRecord> reference)
    {
        if (tx.Find(reference) is { } tpm)
        {
            tx.Delete(tpm.Contents);
            tx.Delete(reference);
        }
    }

    private static Ref<VtpmRecord> Create(Transaction tx, Ref<VmRecord> vm, string uuid, bool isUnique, string contents) =>
        tx.Create(new VtpmRecord
        {
            Uuid = uuid.Length > 0 ? uuid : tx.NewUuid(),
            Vm = vm,
            IsUnique = isUnique,
            Contents = CreateSecret(tx, contents),
        });

    private static Ref<SecretRecord> CreateSecret(Transaction tx, string value) =>
        tx.Create(new SecretRecord { Uuid = tx.NewUuid(), Value = value });
}
