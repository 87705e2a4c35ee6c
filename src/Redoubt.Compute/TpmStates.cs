namespace Redoubt.Compute;

/// <summary>
/// Where what the TPMs of guests keep lies: a directory of its own for each guest, in which <c>swtpm</c> replaces one file as a whole
/// whenever its state changes. libvirt chooses the place, and makes a fresh state where a guest has no directory yet.
/// </summary>
public static class TpmStates
{
    /// <summary>The directory of a hypervisor.</summary>
    /// <param name="uri">The hypervisor's URI.</param>
    /// <param name="ofPretended">What to say of one whose guests are only pretended, and which looks nowhere.</param>
    /// <returns>Null: it is another one's, and not to be looked into.</returns>
    public static string? DirectoryOf(string uri, string ofPretended)
    {
        var parsed = HypervisorUri.Parse(uri);
        return parsed.Kind switch
        {
            HypervisorKind.Embedded => Of(parsed.Root!),
            HypervisorKind.Test => Of(ofPretended),
            HypervisorKind.Local or HypervisorKind.Remote => null,
        };
    }

    /// <summary>The file of a guest.</summary>
    public static string FileOf(string directory, Guid vm) => Path.Combine(directory, vm.ToString("D"), "tpm2", "tpm2-00.permall");

    /// <summary>The directory of an embedded hypervisor.</summary>
    internal static string Of(string root) => Path.Combine(root, "lib", "swtpm");
}
