using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// A virtual TPM in an archive. What it keeps stands in another object's field in the database, so it goes in a form of its own, as xapi
/// has it.
/// <code>
/// vTPM'_VM            string    the VM's id in this file
/// vTPM'_uuid          string    absent in what older ones of xapi write
/// vTPM'_is_unique     boolean
/// vTPM'_is_protected  boolean
/// vTPM'_content       string    the value of the secret, docs/formats/vm-metadata.md
/// </code>
/// </summary>
internal static class TpmMember
{
    private const string Vm = "vTPM'_VM";
    private const string Uuid = "vTPM'_uuid";
    private const string IsUnique = "vTPM'_is_unique";
    private const string IsProtected = "vTPM'_is_protected";
    private const string Content = "vTPM'_content";

    /// <summary>Writes one.</summary>
    public static void Write(VtpmRecord tpm, string vmId, string contents, IWireWriter values)
    {
        values.BeginStruct();
        foreach (var (key, text) in new[] { (Vm, vmId), (Uuid, tpm.Uuid), (Content, contents) })
        {
            values.Key(key);
            values.String(text);
        }

        foreach (var (key, is_) in new[] { (IsUnique, tpm.IsUnique), (IsProtected, tpm.IsProtected) })
        {
            values.Key(key);
            values.Bool(is_);
        }

        values.EndStruct();
    }

    /// <summary>Reads one; null if it is in another form.</summary>
    /// <returns>The record, its <c>VM</c> an id of the file, and the value of the secret that it does not name yet.</returns>
    public static (VtpmRecord Tpm, string Contents)? Read(WireStruct snapshot) =>
        snapshot[Vm] is not WireString { Value: var vm } ? null : (
            new VtpmRecord
            {
                Uuid = Text(snapshot[Uuid]),
                Vm = new(vm),
                IsUnique = snapshot[IsUnique] is WireBool { Value: true },
                IsProtected = snapshot[IsProtected] is WireBool { Value: true },
            },
            Text(snapshot[Content]));

    private static string Text(WireValue? value) => value is WireString { Value: var text } ? text : "";
}
