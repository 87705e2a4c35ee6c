using Redoubt.Recovery;

namespace Redoubt.Server.Console.Recover;

/// <summary>The words of the wizard, which are XenServer's where it has them.</summary>
internal static class RecoverText
{
    public static string Title => "Recovery wizard";
    public static string Next => "Next";
    public static string Back => "Previous";
    public static string Looking => "Looking at the storage and the pools…";

    public static string[] Steps =>
        ["What do you want to do", "Before you start", "Locate storage", "Select vApps and VMs", "Mappings", "Pre-checks", "Review"];

    public static string SourceDead => "I state that the source is dead: none of its hosts runs any of these VMs, now or when it comes back.";
    public static string SourceDeadHint => "A VM that runs twice destroys its own disks. If the source might still be running, switch it off first.";
    public static string WhichSource => "The site that hands over";
    public static string AskAll => "Ask every site that is known";
    public static string NoSites => "No other site is known. A planned migration and a failback need one, since its VMs are shut down there.";
    public static string KeepTest => "Leave the copies up until I ask for the clean-up";
    public static string LocateSub => "Choose the storage that carries the lost pool's metadata. Nothing is written to it by looking.";
    public static string NoStorage => "No attached storage carries another pool's metadata";
    public static string NoStorageText => "Have the array make the replica available here, then find it below.";
    public static string FindMore => "Find storage that is not attached";
    public static string Type => "Type";
    public static string Location => "Device configuration, key=value";
    public static string LocationHint => "Several are kept apart by spaces; a value with a space stands in quotes.";
    public static string Secrets => "Passwords among them, key=value";
    public static string OpenQuote => "A quote in the device configuration is not closed.";
    public static string AttachedHere => "Attached for looking";
    public static string AttachedHereText => "Storage that the wizard, or a run, has attached read-only. Let go what you don't recover from: then the array can have it back.";
    public static string Release => "Let go";
    public static string Probe => "Find";
    public static string Attach => "Attach for looking";
    public static string NothingFound => "The probe has found no storage there.";
    public static string HasMetadata => "carries pool metadata";
    public static string NoMetadata => "without pool metadata";
    public static string AlreadyHere => "is attached already";
    public static string Volume => "Metadata of";
    public static string NotKnown => "not known";
    public static string Written => "Last written";
    public static string Condition => "Condition";
    public static string PointInTime => "State to recover from";
    public static string Newest => "The newest intact state";
    public static string PointOfOne => "Earlier states can be chosen when exactly one volume is, and it keeps any.";
    public static string PointHint => "Only the metadata are taken from then; the disks are what the storage has.";
    public static string SelectSub => "Everything is selected at first. A vApp is recovered as a whole.";
    public static string SelectOne => "Select at least one.";
    public static string ByTags(IEnumerable<string> tags) => $"The VMs with a tag are recovered: {string.Join(", ", tags)}. Selecting here takes the place of the tags.";
    public static string SaveFirst(int n) => $"the {n} that are selected are too many for a command: save them as a plan first, on the page Review";
    public static string Unsaid(string parts) => $"the request has more, which only a saved plan can hold: {parts}";
    public static string NothingThere => "There is nothing to recover";
    public static string NothingThereText => "The chosen storage holds no VM whose newest copy is elsewhere than in this pool.";
    public static string Loose => "VMs in no vApp";
    public static string FindUnits => "Find by name, vApp or tag";
    public static string SelectAll => "Select all";
    public static string SelectNone => "Select none";
    public static string SelectFound(int n) => $"Select the {n} found";
    public static string UnselectFound(int n) => $"Leave the {n} found out";
    public static string SelectedOf(int n, int all) => $"{n} of {all} selected";
    public static string NoUnits(string search) => $"Nothing has {search} in its name, its vApp's name or a tag.";
    public static string NewestHere => "In this pool already, newer than on the storage";
    public static string Pool(string name) => $"Pool {name}";
    public static string TakenFrom(string vm) => $"Taken from, for {vm}";
    public static string Undecided => "Choose the copy to take";
    public static string ByTheFacts => "The newest, by the facts";
    public static string OnlyCopy(string place) => $"the only copy: {place}";
    public static string Because(string reason) => $"Why: {reason}";
    public static string PlaceHere => "this pool's own copy";
    public static string PlaceOf(string pool, string volume) => $"{pool}, volume {volume}";
    public static string Versioned(string place, long version) => $"{place}, version {version}";
    public static string AsOf(string place, string moment) => $"{place}, as of {moment}";
    public static string PowerState => "Afterwards the VMs";
    public static string MapSub => "Which network here stands for which network there. A test's networks are isolated unless you map them.";
    public static string NoMappings => "Nothing to map";
    public static string NoMappingsText => "None of the selected VMs is on a network.";
    public static string Theirs => "Network of the source";
    public static string Ours => "Network here";
    public static string Automatic => "By name, then by bridge";
    public static string Isolated => "A network of its own, isolated";
    public static string ChecksSub => "What stands in the way, and what should be known. Warnings never block.";
    public static string AllGood => "Nothing stands in the way";
    public static string AllGoodText => "Every check was made, and none found anything.";
    public static string Resolve => "Resolve";
    public static string ResolveAll => "Resolve all";
    public static string ResolveLabel(string act, string fix) => $"{act}: {fix}";
    public static string ToDo(string advice) => $"To do: {advice}";
    public static string Unresolve => "Don't";
    public static string Unaccept => "Not without it";
    public static string UnresolveLabel(string act, string about) => $"{act}: {about}";
    public static string Gone => "Is not found any more; nothing is left to resolve.";
    public static string GoTo(string page) => $"Go to: {page}";
    public static string FindFindings => "Find by object, code or words";
    public static string More(int next, int left) => $"Show {next} more of {left}";
    public static string Resolved => "Will be resolved by the run, and undone with it";
    public static string Again => "Check again";
    public static string BlockName(string about, string code) => $"{about} ({code})";
    public static string BlockedFor(string findings) => $"Blocked by {findings}. Deal with what is marked, then check again.";
    public static string Blocked => "Blocked: deal with what is marked, then check again.";
    public static string ReviewSub => "This is what will be done. Nothing has been changed so far.";
    public static string DataLoss => "Oldest copy from";
    public static string Freshest => "Newest copy from";
    public static string Unknown => "not recorded";
    public static string AndUnknown => "and some are not recorded";
    public static string What => "What is done";
    public static string Timeline => "Timeline";
    public static string TimelineHint => "Times come from what earlier runs here took, and from the VMs' start delays. Where nothing is known yet, a step is drawn as if it took no time.";
    public static string DataLossAge => "Data loss";
    public static string NoLoss => "none: the source writes its last state before it hands over";
    public static string Forecast => "Should take";
    public static string NoForecast => "not known before the first run here";
    public static string AtOnce => "under a second";
    public static string NotForecast => "time not known";
    public static string UntilAnswered => "until you answer";
    public static string At(string clock) => $"at {clock}";
    public static string AtLeast(string clock) => $"at least {clock}";
    public static string AtLeastSteps(string clock, int steps) => $"at least {clock}; nothing to go by for {steps} steps";
    public static string AndMore(string names) => $"{names} and more";
    public static string NoUndo => "No undo";
    public static string Undo => "Undo";
    public static string TypeName => "To go on, type the name of the pool that takes the VMs in";
    public static string SaveAs => "Save as a plan";
    public static string PlanName => "Name of the plan";
    public static string Save => "Save";
    public static string Accept => "Go without it";

    public static string NoPair(string word) => $"The device configuration holds '{word}', which is no key=value.";

    public static string TwiceThere(string key) => $"The device configuration says twice what {key} is.";

    public static string ReleaseOf(string names) => $"Let go: {names}";

    public static string Released(string names) => $"{names} is let go; nothing has been written to it.";

    public static string InUse(string kind, string by, string phase) => $"A run needs it: {kind}, started by {by} ({phase}). Wait for its end, or cancel it.";

    public static string Saved(string name) => $"The plan {name} is saved in the pool's metadata, and travels with the storage.";

    public static string OverwriteTitle => "Replace the plan?";
    public static string Overwrite => "Replace";

    public static string OverwriteText(string name) => $"There is a plan {name} already. It is replaced, and tests of what it was no longer count.";

    public static string NoPlan(string name, IReadOnlyList<string> problems) =>
        $"There is no plan {name} here any more; the page Recovery plans shows those there are. What you choose below begins with no plan.{string.Concat(problems.Select(p => $" {p}"))}";

    public static string SeveralPlans(string name) => $"Several pools have a plan named {name}: choose one on the page Recovery plans. What you choose below begins with no plan.";

    public static string Vms(int count) => count == 1 ? "1 VM" : $"{count} VMs";

    public static string Verdict(int blocks, int warnings, int infos) => blocks > 0 ? Found(blocks, warnings, infos) : NothingBlocks(warnings, infos);
    public static string Found(int blocks, int warnings, int infos) => $"To deal with: {blocks}. Warnings: {warnings}. For information: {infos}.";
    public static string NothingBlocks(int warnings, int infos) => $"Nothing stands in the way. Warnings: {warnings}. For information: {infos}.";

    public static string PhasePrepare => "Prepare";
    public static string PhaseFence => "Check the source";
    public static string PhaseSync => "Last changes of the source";
    public static string PhaseArray => "Wait for the array";
    public static string PhaseAttach => "Attach storage";
    public static string PhaseClone => "Clone the storage";
    public static string PhaseRecover => "Recover";
    public static string PhaseConnect => "Connect networks";
    public static string PhaseHandOver => "Hand over";
    public static string PhaseProtect => "Protect";
    public static string PhaseCleanUp => "Clean up";
    public static string PhaseAfterwards => "Afterwards";
    public static string Tier(long order) => $"Start tier {order}";

    public static string Kind(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "Test failover",
        RecoveryKind.Migration => "Planned migration",
        RecoveryKind.Failover => "Failover",
        RecoveryKind.Failback => "Failback",
    };

    public static string About(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "Boot copies of the VMs beside what runs, in isolated networks, and remove them again. Replication goes on.",
        RecoveryKind.Migration => "The source is alive: shut the VMs down there, bring over their last state, start them here. Nothing is lost.",
        RecoveryKind.Failover => "The source is lost: recover the newest intact copies from the replicated storage and start them here.",
        RecoveryKind.Failback => "Bring the VMs home from the site that took them in, as a planned migration.",
    };

    public static string Icon(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "test",
        RecoveryKind.Migration => "move",
        RecoveryKind.Failover => "recover",
        RecoveryKind.Failback => "home",
    };

    public static IReadOnlyList<string> Before(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => ["The storage is only read; the copies write to overlays beside it.", "The copies have new UUIDs, marked names, and networks that lead nowhere, unless you map them.", "The test counts only when its clean-up has succeeded."],
        RecoveryKind.Migration => ["Both sites are up, and this pool may log in at the source.", "The VMs will be down from their shutdown there until they have started here.", "The run waits for you while the array turns the replication round."],
        RecoveryKind.Failover => ["IMPORTANT: stop the mirroring first, and have the array make the replica writable here.", "Changes that had not reached the replica are lost.", "Switch the source off, or cut its networks, so that no VM can run twice."],
        RecoveryKind.Failback => ["The primary site is mended and its storage is being replicated to from the recovery site.", "The VMs will be shut down at the recovery site.", "The run waits for you while the array turns the replication round."],
    };

    public static string Go(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "Start the test",
        RecoveryKind.Migration => "Migrate",
        RecoveryKind.Failover => "Fail over",
        RecoveryKind.Failback => "Fail back",
    };

    public static string After(PowerStateAfter state) => state switch
    {
        PowerStateAfter.Start => "are started, in their order",
        PowerStateAfter.Paused => "are started paused",
        PowerStateAfter.Halted => "stay off",
    };

    public static string Verdict(string? verdict) => verdict switch
    {
        "intact" => "Intact",
        "cut" => "Cut: later changes are lost",
        "empty" => "Empty",
        "not-a-redo-log" => "No pool metadata",
        "unusable" => "Damaged beyond use",
        "unreadable" => "Can't be read",
        _ => "Not known",
    };

    public static string Severity(Severity severity) => severity switch
    {
        Redoubt.Recovery.Severity.Block => "Blocks",
        Redoubt.Recovery.Severity.Warning => "Warning",
        Redoubt.Recovery.Severity.Info => "For information",
    };

    public static string Mark(Severity severity) => severity switch
    {
        Redoubt.Recovery.Severity.Block => "bad",
        Redoubt.Recovery.Severity.Warning => "warn",
        Redoubt.Recovery.Severity.Info => "info",
    };
}
