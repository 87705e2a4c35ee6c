using Redoubt.Recovery;

namespace Redoubt.Server.Console.Plans;

/// <summary>The words of the page on which a plan is changed.</summary>
internal static class EditText
{
    public static string New => "New plan";
    public static string Sub => "What to recover and how. It is kept in the pool's metadata, and travels with the storage.";
    public static string Back => "All plans";
    public static string Name => "Name";
    public static string NameHint => "Letters, digits, '-', '_' and '.'";
    public static string Kind => "Usually run as";
    public static string KeepOld => "Keep the plan under its old name as well";
    public static string Save => "Save";
    public static string Discard => "Discard changes";
    public static string DiscardTitle => "Discard your changes?";
    public static string DiscardText => "What you have changed since the plan was saved is lost.";
    public static string Leave => "Leave the page";
    public static string NothingChanged => "Nothing has been changed.";
    public static string Unsaved => "Not saved yet";
    public static string AllSaved => "Saved";
    public static string What => "What is recovered";
    public static string Everything => "Everything that is found, also what is added later";
    public static string Only => "Only what is selected here";
    public static string Search => "Find by name, tag or vApp";
    public static string OnlySelected => "Show only what is selected";
    public static string Object => "vApp or VM";
    public static string Pool => "Pool";
    public static string Tags => "Tags";
    public static string TagsHint => "Every VM that has one of these tags, now or later.";
    public static string AddTag => "Tag";
    public static string Add => "Add";
    public static string NotHere => "Selected, but not found here";
    public static string Nobody => "There is nothing here to select";
    public static string NobodyText => "This pool has no VMs, and no attached storage carries another pool's metadata.";
    public static string NothingMatches => "Nothing matches.";
    public static string SelectOne => "Select at least one vApp, VM or tag, or choose everything.";
    public static string Networks => "Networks";
    public static string NetworksSub => "Which network stands for which, by name or UUID. A test's networks are isolated unless they are mapped.";
    public static string Real => "For the real thing";
    public static string ForTest => "For tests";
    public static string Theirs => "Network of the source";
    public static string Ours => "Network that takes its place";
    public static string How => "How it is run";
    public static string OnFailure => "If a tier does not come up";
    public static string ParallelStarts => "VMs started at the same time";
    public static string HealthTimeout => "Minutes a VM may take to be healthy";
    public static string StaleAfter => "Hours from which metadata are called stale";
    public static string TierFailures => "Tiers for which something else holds";
    public static string Tier => "Tier";
    public static string Vms => "Exceptions for single VMs";
    public static string VmsSub => "In place of what the VM itself has, when it is recovered by this plan.";
    public static string Orders => "Start order";
    public static string OrderOf => "Tier it starts in";
    public static string Health => "Health checks";
    public static string HealthOf => "Known to be well by";
    public static string HealthHint => "delay, agent, tcp:PORT, tcp:HOST:PORT, console:TEXT or script:NAME";
    public static string Vm => "VM";
    public static string Hooks => "Hooks";
    public static string HooksSub => "Scripts of the daemon's directory hooks/, run between the steps.";
    public static string Moment => "When";
    public static string Script => "Script";
    public static string Where => "Where to look";
    public static string WhereSub => "With nothing said, every attached storage is looked at, and the VMs come to the pool that runs the plan.";
    public static string Source => "The site that hands over";
    public static string Target => "The site that takes the VMs in";
    public static string AskAll => "Every site that is known";
    public static string ThisPool => "The pool that runs the plan";
    public static string Srs => "Only these SRs, by UUID";
    public static string Sr => "SR";
    public static string Storage => "Storage";
    public static string StorageSub => "Which SR stands for which, by UUID, where it is not the same one.";
    public static string TheirSr => "SR of the source";
    public static string OurSr => "SR that takes its place";
    public static string Point => "Metadata as of";
    public static string PointHint => "A time or a generation; empty for the newest state.";
    public static string Keep => "Leave a test's copies up until somebody asks for the clean-up";
    public static string Probes => "Storage that is probed";
    public static string Remove => "Remove";
    public static string KeyMissing => "Say first what it is for.";
    public static string ValueMissing => "Say what it is to be.";
    public static string PairsMissing => "A device configuration is key=value, with spaces between several, each key once.";
    public static string Checks => "Checks";
    public static string CheckAs => "Check as";
    public static string CheckAt => "Check at";
    public static string CheckHere => "as the plan says";
    public static string LookAgain => "Look again";
    public static string Checking => "Checking…";
    public static string NotHereChecked => "Not checked here";
    public static string Good => "Nothing stands in the way";
    public static string AsIfDead => "Checked as if you had stated that the source is dead; that is asked for when the plan is run.";
    public static string OwnTitle => "This pool's own VMs are recovered by another pool.";
    public static string History => "Runs of this plan";
    public static string NoRuns => "It has not been run yet.";
    public static string Earlier => "as it was before";
    public static string Report => "Report";
    public static string NoPlan => "There is no such plan";
    public static string NoPlanText => "It may have been removed, or its storage detached.";
    public static string Reload => "Take theirs";
    public static string OverwriteTheirs => "Replace what was saved meanwhile?";
    public static string RemovedMeanwhile => "The plan has been removed meanwhile. Saving makes it again.";

    public static string Title(string name) => $"Plan {name}";

    public static string TitleOf(string name, string pool) => $"Plan {name} of {pool}";

    public static string Foreign(string pool) => $"This plan is of {pool}. Saved here, it becomes a plan of this pool; theirs stays as it is.";

    public static string Saved(string name) => $"The plan {name} is saved in the pool's metadata, and travels with the storage.";

    public static string Renamed(string from, string to) => $"The plan {from} is called {to} now, and its schedules have moved with it.";

    public static string SavedMeanwhile(string who, string when) => $"{who} has saved this plan {when}. What you see is what you have changed.";

    public static string OverwriteText(string who) => $"{who} has saved this plan since you opened it. What they changed is lost.";

    public static string Selected(int count) => $"{count} selected";

    public static string OneApp => "1 vApp";

    public static string ManyApps(int count) => $"{count} vApps";

    public static string Apps(int count) => count == 1 ? OneApp : ManyApps(count);

    public static string OneTier => "1 tier";

    public static string ManyTiers(int count) => $"{count} tiers";

    public static string Tiers(int count) => count == 1 ? OneTier : ManyTiers(count);

    public static string Of(string selected, string apps, string vms) => $"{selected} of {apps} and {vms}";

    public static string InApp(string app) => $"in {app}";

    public static string RemoveOf(string what) => $"Remove: {what}";

    public static string OwnText(int count) => $"{count} of what is selected cannot be checked here: check at a site that has their storage attached, once such a site is known.";

    public static string OwnEverything => "There is no other pool's metadata here to check by: check at a site that has this pool's storage attached, once such a site is known.";

    public static string Recovers(string vms, string tiers) => $"{vms} in {tiers}";

    public static string CheckedAt(string when) => $"Storage looked at {when}";

    public static string MoreFindings(int count) => $"{count} more like these: deal with the first ones and look again.";

    public static string More(int count) => $"{count} more are on the page History.";

    public static string WrongNumber(string value, long least, long most) => $"{value} is no whole number from {least} to {most}.";

    public static string WrongHealth(string value) => $"{value} is no health check: it is delay, agent, tcp:PORT, tcp:HOST:PORT, console:TEXT or script:NAME.";

    public static string Failure(TierFailure failure) => failure switch
    {
        TierFailure.Continue => FailureContinue,
        TierFailure.Stop => FailureStop,
        TierFailure.Ask => FailureAsk,
    };

    public static string FailureContinue => "start the next ones all the same";
    public static string FailureStop => "do not start the next ones";
    public static string FailureAsk => "ask";

    public static string MomentOf(HookMoment moment) => moment switch
    {
        HookMoment.BeforeRun => BeforeRun,
        HookMoment.BeforeTier => BeforeTier,
        HookMoment.AfterTier => AfterTier,
        HookMoment.AfterRun => AfterRun,
    };

    public static string BeforeRun => "before the run";
    public static string BeforeTier => "before a tier";
    public static string AfterTier => "after a tier";
    public static string AfterRun => "after the run";

    public static string TierOf(string moment, string tier) => $"{moment}: {tier}";
}
