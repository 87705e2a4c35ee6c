using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>The words of the wizard, which are XenServer's where it has them.</summary>
internal static class RecoverText
{
    private static readonly Words Words = new(typeof(RecoverText));

    public static string Title => Words["Title"];
    public static string Next => Words["Next"];
    public static string Back => Words["Back"];
    public static string Looking => Words["Looking"];

    public static string[] Steps =>
        [Words["Steps_1"], Words["Steps_2"], Words["Steps_3"], Words["Steps_4"], Words["Steps_5"], Words["Steps_6"], Words["Steps_7"]];

    public static string SourceDead => Words["SourceDead"];
    public static string SourceDeadHint => Words["SourceDeadHint"];
    public static string WhichSource => Words["WhichSource"];
    public static string AskAll => Words["AskAll"];
    public static string NoSites => Words["NoSites"];
    public static string KeepTest => Words["KeepTest"];
    public static string LocateSub => Words["LocateSub"];
    public static string NoStorage => Words["NoStorage"];
    public static string NoStorageText => Words["NoStorageText"];
    public static string FindMore => Words["FindMore"];
    public static string Type => Words["Type"];
    public static string Location => Words["Location"];
    public static string LocationHint => Words["LocationHint"];
    public static string Secrets => Words["Secrets"];
    public static string OpenQuote => Words["OpenQuote"];
    public static string AttachedHere => Words["AttachedHere"];
    public static string AttachedHereText => Words["AttachedHereText"];
    public static string Release => Words["Release"];
    public static string Probe => Words["Probe"];
    public static string Attach => Words["Attach"];
    public static string NothingFound => Words["NothingFound"];
    public static string HasMetadata => Words["HasMetadata"];
    public static string NoMetadata => Words["NoMetadata"];
    public static string IsKnown => Words["IsKnown"];
    public static string Volume => Words["Volume"];
    public static string NotKnown => Words["NotKnown"];
    public static string Written => Words["Written"];
    public static string Condition => Words["Condition"];
    public static string PointInTime => Words["PointInTime"];
    public static string Newest => Words["Newest"];
    public static string PointOfOne => Words["PointOfOne"];
    public static string PointHint => Words["PointHint"];
    public static string SelectSub => Words["SelectSub"];
    public static string SelectOne => Words["SelectOne"];
    public static string ByTags(IEnumerable<string> tags) => Words.Of("ByTags", string.Join(", ", tags));
    public static string SaveFirst(int n) => Words.Of("SaveFirst", n);
    public static string Unsaid(string parts) => Words.Of("Unsaid", parts);
    public static string NothingThere => Words["NothingThere"];
    public static string NothingThereText => Words["NothingThereText"];
    public static string Loose => Words["Loose"];
    public static string FindUnits => Words["FindUnits"];
    public static string SelectAll => Words["SelectAll"];
    public static string SelectNone => Words["SelectNone"];
    public static string SelectFound(int n) => Words.Of("SelectFound", n);
    public static string UnselectFound(int n) => Words.Of("UnselectFound", n);
    public static string SelectedOf(int n, int all) => Words.Of("SelectedOf", n, all);
    public static string NoUnits(string search) => Words.Of("NoUnits", search);
    public static string NewestHere => Words["NewestHere"];
    public static string Pool(string name) => Words.Of("Pool", name);
    public static string TakenFrom(string vm) => Words.Of("TakenFrom", vm);
    public static string Undecided => Words["Undecided"];
    public static string ByTheFacts => Words["ByTheFacts"];
    public static string OnlyCopy(string place) => Words.Of("OnlyCopy", place);
    public static string Because(string reason) => Words.Of("Because", reason);
    public static string PlaceHere => Words["PlaceHere"];
    public static string PlaceOf(string pool, string volume) => Words.Of("PlaceOf", pool, volume);
    public static string Versioned(string place, long version) => Words.Of("Versioned", place, version);
    public static string AsOf(string place, string moment) => Words.Of("AsOf", place, moment);
    public static string PowerState => Words["PowerState"];
    public static string MapSub => Words["MapSub"];
    public static string NoMappings => Words["NoMappings"];
    public static string NoMappingsText => Words["NoMappingsText"];
    public static string Theirs => Words["Theirs"];
    public static string Ours => Words["Ours"];
    public static string Automatic => Words["Automatic"];
    public static string Isolated => Words["Isolated"];
    public static string ChecksSub => Words["ChecksSub"];
    public static string AllGood => Words["AllGood"];
    public static string AllGoodText => Words["AllGoodText"];
    public static string ChooseNetwork => Words["ChooseNetwork"];
    public static string NetworkFor(string name) => Words.Of("NetworkFor", name);
    public static string ButtonDoes(string button, string what) => Words.Of("ButtonDoes", button, what);
    public static string Resolve => Words["Resolve"];
    public static string ResolveAll => Words["ResolveAll"];
    public static string ResolveLabel(string act, string fix) => Words.Of("ResolveLabel", act, fix);
    public static string ToDo(string advice) => Words.Of("ToDo", advice);
    public static string Unresolve => Words["Unresolve"];
    public static string Unaccept => Words["Unaccept"];
    public static string UnresolveLabel(string act, string about) => Words.Of("UnresolveLabel", act, about);
    public static string Gone => Words["Gone"];
    public static string GoTo(string page) => Words.Of("GoTo", page);
    public static string FindFindings => Words["FindFindings"];
    public static string More(int next, int left) => Words.Of("More", next, left);
    public static string Resolved => Words["Resolved"];
    public static string Again => Words["Again"];
    public static string BlockName(string about, string code) => Words.Of("BlockName", about, code);
    public static string BlockedFor(string findings) => Words.Of("BlockedFor", findings);
    public static string Blocked => Words["Blocked"];
    public static string ReviewSub => Words["ReviewSub"];
    public static string DataLoss => Words["DataLoss"];
    public static string Freshest => Words["Freshest"];
    public static string Unknown => Words["Unknown"];
    public static string AndUnknown => Words["AndUnknown"];
    public static string What => Words["What"];
    public static string Timeline => Words["Timeline"];
    public static string TimelineHint => Words["TimelineHint"];
    public static string DataLossAge => Words["DataLossAge"];
    public static string NoLoss => Words["NoLoss"];
    public static string Forecast => Words["Forecast"];
    public static string Strip => Words["Strip"];
    public static string StripTo => Words["StripTo"];
    public static string StripNoLoss => Words["StripNoLoss"];
    public static string StripUnmapped => Words["StripUnmapped"];
    public static string StripMade => Words["StripMade"];
    public static string StripIsolated => Words["StripIsolated"];
    public static string StripNoForecast => Words["StripNoForecast"];
    public static string StripTakes(string span) => Words.Of("StripTakes", span);
    public static string StripTakesAtLeast(string span) => Words.Of("StripTakesAtLeast", span);
    public static string DataOld => Words["DataOld"];
    public static string DataOfUnknownAge => Words["DataOfUnknownAge"];
    public static string MoreNetworks(int n) => Words.Of("MoreNetworks", n);
    public static string LookedAt => Words["LookedAt"];
    public static string LookAgain => Words["LookAgain"];
    public static string DraftGone => Words["DraftGone"];
    public static string DraftOfOther(string owner) => Words.Of("DraftOfOther", owner);
    public static string NoForecast => Words["NoForecast"];
    public static string AtOnce => Words["AtOnce"];
    public static string NotForecast => Words["NotForecast"];
    public static string UntilAnswered => Words["UntilAnswered"];
    public static string At(string clock) => Words.Of("At", clock);
    public static string AtLeast(string clock) => Words.Of("AtLeast", clock);
    public static string AtLeastSteps(string clock, int steps) => Words.Of("AtLeastSteps", clock, steps);
    public static string AndMore(string names) => Words.Of("AndMore", names);
    public static string NoUndo => Words["NoUndo"];
    public static string Undo => Words["Undo"];
    public static string TypeName => Words["TypeName"];
    public static string SaveAs => Words["SaveAs"];
    public static string PlanName => Words["PlanName"];
    public static string StateDead => Words["StateDead"];
    public static string StateDeadLabel(string pool) => Words.Of("StateDeadLabel", pool);
    public static string Believe => Words["Believe"];
    public static string BelieveLabel(string volume) => Words.Of("BelieveLabel", volume);
    public static string Unbelieve => Words["Unbelieve"];
    public static string AcceptUnplugged => Words["AcceptUnplugged"];
    public static string Accept => Words["Accept"];

    public static string NoPair(string word) => Words.Of("NoPair", word);

    public static string TwiceThere(string key) => Words.Of("TwiceThere", key);

    public static string ReleaseOf(string names) => Words.Of("ReleaseOf", names);

    public static string Released(string names) => Words.Of("Released", names);

    public static string InUse(string kind, string by, string phase) => Words.Of("InUse", kind, by, phase);

    public static string Saved(string name) => Words.Of("Saved", name);

    public static string OverwriteTitle => Words["OverwriteTitle"];
    public static string Overwrite => Words["Overwrite"];

    public static string OverwriteText(string name) => Words.Of("OverwriteText", name);

    public static string NoPlan(string name, IReadOnlyList<string> problems) =>
        Words.Of("NoPlan", name, string.Concat(problems.Select(p => $" {p}")));

    public static string SeveralPlans(string name) => Words.Of("SeveralPlans", name);


    public static string Verdict(int blocks, int warnings, int infos) =>
        blocks > 0 ? Found(blocks, warnings, infos) : NothingBlocks(warnings, infos);
    public static string Found(int blocks, int warnings, int infos) => Words.Of("Found", blocks, warnings, infos);
    public static string NothingBlocks(int warnings, int infos) => Words.Of("NothingBlocks", warnings, infos);


    public static string About(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => Words["About_Test"],
        RecoveryKind.Migration => Words["About_Migration"],
        RecoveryKind.Failover => Words["About_Failover"],
        RecoveryKind.Failback => Words["About_Failback"],
    };

    public static string Icon(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "test",
        RecoveryKind.Migration => "move",
        RecoveryKind.Failover => "failover",
        RecoveryKind.Failback => "home",
    };

    public static IReadOnlyList<string> Before(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => [Words["Before_Test_1"], Words["Before_Test_2"], Words["Before_Test_3"]],
        RecoveryKind.Migration => [Words["Before_Migration_4"], Words["Before_Migration_5"], Words["Before_Migration_6"]],
        RecoveryKind.Failover => [Words["Before_Failover_7"], Words["Before_Failover_8"], Words["Before_Failover_9"]],
        RecoveryKind.Failback => [Words["Before_Failback_10"], Words["Before_Failback_11"], Words["Before_Failback_12"]],
    };

    public static string Go(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => Words["Go_Test"],
        RecoveryKind.Migration => Words["Go_Migration"],
        RecoveryKind.Failover => Words["Go_Failover"],
        RecoveryKind.Failback => Words["Go_Failback"],
    };

    public static string After(PowerStateAfter state) => state switch
    {
        PowerStateAfter.Start => Words["After_Start"],
        PowerStateAfter.Paused => Words["After_Paused"],
        PowerStateAfter.Halted => Words["After_Halted"],
    };

    public static string Verdict(string? verdict) => verdict switch
    {
        "intact" => Words["Verdict_Intact"],
        "cut" => Words["Verdict_Cut"],
        "empty" => Words["Verdict_Empty"],
        "not-a-redo-log" => Words["Verdict_NotARedoLog"],
        "unusable" => Words["Verdict_Unusable"],
        "unreadable" => Words["Verdict_Unreadable"],
        _ => Words["Verdict_Other"],
    };

    public static string Severity(Severity severity) => severity switch
    {
        Redoubt.Recovery.Severity.Block => Words["Severity_Block"],
        Redoubt.Recovery.Severity.Warning => Words["Severity_Warning"],
        Redoubt.Recovery.Severity.Info => Words["Severity_Info"],
    };

    public static string Mark(Severity severity) => severity switch
    {
        Redoubt.Recovery.Severity.Block => "bad",
        Redoubt.Recovery.Severity.Warning => "warn",
        Redoubt.Recovery.Severity.Info => "info",
    };
}
