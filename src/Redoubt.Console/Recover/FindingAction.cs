using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>What somebody can do about a finding where it is shown.</summary>
internal enum FindingAction
{
    /// <summary>Only what its advice says.</summary>
    None,

    /// <summary>Have the run deal with it.</summary>
    Resolve,

    /// <summary>Agree to go without.</summary>
    Accept,

    /// <summary>Have a volume believed though nothing proves it.</summary>
    Believe,

    /// <summary>Go back to where the source is named, and stated to be dead.</summary>
    Before,

    /// <summary>State that the pool which the finding is about is dead.</summary>
    State,

    /// <summary>Go back to the storage.</summary>
    Storage,

    /// <summary>Go back to the selection of VMs and copies.</summary>
    Select,

    /// <summary>Go back to the mappings.</summary>
    Map,
}

/// <summary>What can be done about each finding. Pure.</summary>
internal static class FindingActions
{
    public static FindingAction Of(Finding finding) => finding switch
    {
        { Code: "source-not-dead" or "site-silent" } => FindingAction.State,
        { Code: "source-unreachable" or "source-dead-unnamed" or "source-dead-ambiguous" or "source-dead-unknown" } => FindingAction.Before,
        { Code: "volume-unproven" } => FindingAction.Believe,
        { Code: "no-metadata" or "storage-unreadable" or "storage-empty" } => FindingAction.Storage,
        { Code: "not-found" or "name-ambiguous" } => FindingAction.Select,
        { Code: "network-map-wrong" or "network-ambiguous" } => FindingAction.Map,
        { Fix: null } => FindingAction.None,
        { Fix.Kind: FixKind.ChooseCopy or FixKind.ChooseAppliance } => FindingAction.Select,
        { Fix.Kind: FixKind.DropDisk } => FindingAction.Accept,

        // A run attaches only what it needs; what is attached for a look inside is attached before it.
        { Fix.Kind: FixKind.AttachStorage, Code: not "sr-missing" } => FindingAction.Storage,
        _ => FindingAction.Resolve,
    };

    /// <summary>The words in the policy that ask for a finding's fix; null if nobody has asked.</summary>
    public static string? AskedBy(RecoveryPolicy policy, Finding finding)
    {
        var exact = KeyOf(finding);
        return policy.Resolve.Contains(exact) ? exact : policy.Resolve.Contains(finding.Code) ? finding.Code : null;
    }

    public static string KeyOf(Finding finding) => $"{finding.Code}:{finding.Object.Uuid}";
}
