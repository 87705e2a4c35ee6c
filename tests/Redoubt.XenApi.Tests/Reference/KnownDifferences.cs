namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Where we differ from xapi's listings on purpose.</summary>
internal static class KnownDifferences
{
    private static readonly string[] Lines =
    [
        // The interface's default is the role pool-admin, a bridge for subjects older than roles; the column's default, ours too, is none.
        // A subject that was given no role must not become an administrator.
        "subject.roles: default is <('OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba')>, declared <()>",

        // A class for xapi's own developers, whose table is always empty and which its listing of the interface leaves out too.
        "the table Diagnostics is not declared",

        // xapi serves it and xe sends it, but its listing hides it.
        "VM: the message set_is_default_template is declared, but XenAPI has none",
    ];

    // xapi serves this on every class, and xe is built on it, but its listing shows it for the class message only.
    private const string Unlisted = ": the message get_all_records_where is declared, but XenAPI has none";

    public static bool Contains(string difference) => Lines.Contains(difference) || difference.EndsWith(Unlisted, StringComparison.Ordinal);
}
