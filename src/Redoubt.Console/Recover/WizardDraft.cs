using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>What somebody has chosen in the wizard so far.</summary>
/// <param name="Owner">Who.</param>
/// <param name="Kind">What to do; null if that was not chosen yet.</param>
/// <param name="Request">What is asked for.</param>
/// <param name="Saved">The saved plan that it began with, or was saved as; null for none.</param>
/// <param name="NoStorage">Whether every SR was unticked, which no request can say.</param>
/// <param name="NoVms">Whether every VM was unticked, which no request can say.</param>
internal sealed record WizardDraft(string Owner, RecoveryKind? Kind, RecoveryRequest Request, SavedPlan? Saved, bool NoStorage, bool NoVms)
{
    /// <summary>The same for somebody else: what the owner has stated and consented to is theirs alone, and so are passwords.</summary>
    public WizardDraft For(string user) => Owner == user ? this : this with
    {
        Owner = user,
        Request = Request.WithoutSecrets() with
        {
            Policy = Request.Policy with
            {
                IsSourceDead = false,
                DeadSources = [],
                AcceptedVolumes = [],
                AcceptedMissingDisks = [],
                AcceptsUnplugged = false,
            },
        },
    };
}
