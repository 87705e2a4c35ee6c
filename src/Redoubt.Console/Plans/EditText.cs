using Redoubt.Recovery;

namespace Redoubt.Console.Plans;

/// <summary>The words of the page on which a plan is changed.</summary>
internal static class EditText
{
    private static readonly Words Words = new(typeof(EditText));

    public static string New => Words["New"];
    public static string Sub => Words["Sub"];
    public static string Back => Words["Back"];
    public static string Name => Words["Name"];
    public static string NameHint => Words["NameHint"];
    public static string Kind => Words["Kind"];
    public static string KeepOld => Words["KeepOld"];
    public static string Discard => Words["Discard"];
    public static string DiscardTitle => Words["DiscardTitle"];
    public static string DiscardText => Words["DiscardText"];
    public static string Leave => Words["Leave"];
    public static string NothingChanged => Words["NothingChanged"];
    public static string Unsaved => Words["Unsaved"];
    public static string AllSaved => Words["AllSaved"];
    public static string What => Words["What"];
    public static string Rarely => Words["Rarely"];
    public static string NotMapped => Words["NotMapped"];
    public static string AllSrs => Words["AllSrs"];
    public static string OneMoreSr => Words["OneMoreSr"];
    public static string Proposed(string name) => Words.Of("Proposed", name);
    public static string Everything => Words["Everything"];
    public static string Only => Words["Only"];
    public static string Search => Words["Search"];
    public static string OnlySelected => Words["OnlySelected"];
    public static string Object => Words["Object"];
    public static string Pool => Words["Pool"];
    public static string Tags => Words["Tags"];
    public static string TagsHint => Words["TagsHint"];
    public static string AddTag => Words["AddTag"];
    public static string Add => Words["Add"];
    public static string TypeThem => Words["TypeThem"];
    public static string NotHere => Words["NotHere"];
    public static string Nobody => Words["Nobody"];
    public static string NobodyText => Words["NobodyText"];
    public static string NothingMatches => Words["NothingMatches"];
    public static string SelectOne => Words["SelectOne"];
    public static string Networks => Words["Networks"];
    public static string NetworksSub => Words["NetworksSub"];
    public static string Real => Words["Real"];
    public static string ForTest => Words["ForTest"];
    public static string Theirs => Words["Theirs"];
    public static string Ours => Words["Ours"];
    public static string How => Words["How"];
    public static string RpoTarget => Words["RpoTarget"];
    public static string RtoTarget => Words["RtoTarget"];
    public static string TargetHint => Words["TargetHint"];
    public static string OnFailure => Words["OnFailure"];
    public static string ParallelStarts => Words["ParallelStarts"];
    public static string HookTimeout => Words["HookTimeout"];
    public static string HealthTimeout => Words["HealthTimeout"];
    public static string StaleAfter => Words["StaleAfter"];
    public static string TierFailures => Words["TierFailures"];
    public static string Tier => Words["Tier"];
    public static string Vms => Words["Vms"];
    public static string VmsSub => Words["VmsSub"];
    public static string Orders => Words["Orders"];
    public static string OrderOf => Words["OrderOf"];
    public static string Health => Words["Health"];
    public static string HealthOf => Words["HealthOf"];
    public static string HealthHint => Words["HealthHint"];
    public static string Vm => Words["Vm"];
    public static string Hooks => Words["Hooks"];
    public static string HooksSub => Words["HooksSub"];
    public static string Moment => Words["Moment"];
    public static string Script => Words["Script"];
    public static string Where => Words["Where"];
    public static string WhereSub => Words["WhereSub"];
    public static string Source => Words["Source"];
    public static string Target => Words["Target"];
    public static string AskAll => Words["AskAll"];
    public static string ThisPool => Words["ThisPool"];
    public static string Srs => Words["Srs"];
    public static string Storage => Words["Storage"];
    public static string StorageSub => Words["StorageSub"];
    public static string TheirSr => Words["TheirSr"];
    public static string OurSr => Words["OurSr"];
    public static string Point => Words["Point"];
    public static string PointHint => Words["PointHint"];
    public static string Keep => Words["Keep"];
    public static string Probes => Words["Probes"];
    public static string Remove => Words["Remove"];
    public static string KeyMissing => Words["KeyMissing"];
    public static string ValueMissing => Words["ValueMissing"];
    public static string PairsMissing => Words["PairsMissing"];
    public static string Checks => Words["Checks"];
    public static string CheckAs => Words["CheckAs"];
    public static string CheckAt => Words["CheckAt"];
    public static string CheckHere => Words["CheckHere"];
    public static string LookAgain => Words["LookAgain"];
    public static string Checking => Words["Checking"];
    public static string NotHereChecked => Words["NotHereChecked"];
    public static string Good => Words["Good"];
    public static string AsIfDead => Words["AsIfDead"];
    public static string OwnTitle => Words["OwnTitle"];
    public static string History => Words["History"];
    public static string NoRuns => Words["NoRuns"];
    public static string Earlier => Words["Earlier"];
    public static string Report => Words["Report"];
    public static string NoPlan => Words["NoPlan"];
    public static string NoPlanText => Words["NoPlanText"];
    public static string Reload => Words["Reload"];
    public static string OverwriteTheirs => Words["OverwriteTheirs"];
    public static string RemovedMeanwhile => Words["RemovedMeanwhile"];

    public static string Title(string name) => Words.Of("Title", name);

    public static string TitleOf(string name, string pool) => Words.Of("TitleOf", name, pool);

    public static string Foreign(string pool) => Words.Of("Foreign", pool);

    public static string Saved(string name) => Words.Of("Saved", name);

    public static string Renamed(string from, string to) => Words.Of("Renamed", from, to);

    public static string SavedMeanwhile(string who, string when) => Words.Of("SavedMeanwhile", who, when);

    public static string OverwriteText(string who) => Words.Of("OverwriteText", who);

    public static string Selected(int count) => Words.Of("Selected", count);

    public static string OneApp => Words["OneApp"];

    public static string ManyApps(int count) => Words.Of("ManyApps", count);

    public static string Apps(int count) => count == 1 ? OneApp : ManyApps(count);

    public static string OneTier => Words["OneTier"];

    public static string ManyTiers(int count) => Words.Of("ManyTiers", count);

    public static string Tiers(int count) => count == 1 ? OneTier : ManyTiers(count);

    public static string Of(string selected, string apps, string vms) => Words.Of("Of", selected, apps, vms);

    public static string InApp(string app) => Words.Of("InApp", app);

    public static string RemoveOf(string what) => Words.Of("RemoveOf", what);

    public static string OwnText(int count) => Words.Of("OwnText", count);

    public static string OwnEverything => Words["OwnEverything"];

    public static string Recovers(string vms, string tiers) => Words.Of("Recovers", vms, tiers);

    public static string CheckedAt(string when) => Words.Of("CheckedAt", when);

    public static string MoreFindings(int count) => Words.Of("MoreFindings", count);

    public static string More(int count) => Words.Of("More", count);

    public static string WrongNumber(string value, long least, long most) => Words.Of("WrongNumber", value, least, most);

    public static string WrongHealth(string value) => Words.Of("WrongHealth", value);

    public static string Failure(TierFailure failure) => failure switch
    {
        TierFailure.Continue => FailureContinue,
        TierFailure.Stop => FailureStop,
        TierFailure.Ask => FailureAsk,
    };

    public static string FailureContinue => Words["FailureContinue"];
    public static string FailureStop => Words["FailureStop"];
    public static string FailureAsk => Words["FailureAsk"];

    public static string MomentOf(HookMoment moment) => moment switch
    {
        HookMoment.BeforeRun => BeforeRun,
        HookMoment.BeforeTier => BeforeTier,
        HookMoment.AfterTier => AfterTier,
        HookMoment.AfterRun => AfterRun,
    };

    public static string BeforeRun => Words["BeforeRun"];
    public static string BeforeTier => Words["BeforeTier"];
    public static string AfterTier => Words["AfterTier"];
    public static string AfterRun => Words["AfterRun"];

    public static string TierOf(string moment, string tier) => Words.Of("TierOf", moment, tier);
}
