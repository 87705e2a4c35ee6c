using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Console.Dashboard;

/// <summary>The words of the dashboard.</summary>
internal static class DashboardText
{
    private static readonly Words Words = new(typeof(DashboardText));

    public static string Title => Words["Title"];
    public static string ThisSite => Words["ThisSite"];
    public static string OtherSite => Words["OtherSite"];
    public static string NoOtherSite => Words["NoOtherSite"];
    public static string NoOtherSiteText => Words["NoOtherSiteText"];
    public static string FlowNone => Words["FlowNone"];
    public static string Protected => Words["Protected"];
    public static string Unprotected => Words["Unprotected"];
    public static string Plans => Words["Plans"];
    public static string LastTest => Words["LastTest"];
    public static string NeverTested => Words["NeverTested"];
    public static string Issues => Words["Issues"];
    public static string AllWell => Words["AllWell"];
    public static string AllWellText => Words["AllWellText"];
    public static string NothingWrong => Words["NothingWrong"];
    public static string NothingWrongText => Words["NothingWrongText"];
    public static string NoProtected => Words["NoProtected"];
    public static string NoProtectedText => Words["NoProtectedText"];
    public static string ToProtection => Words["ToProtection"];
    public static string Runs => Words["Runs"];
    public static string NoRuns => Words["NoRuns"];
    public static string NoRunsText => Words["NoRunsText"];
    public static string ToWizard => Words["ToWizard"];
    public static string Messages => Words["Messages"];
    public static string Look => Words["Look"];
    public static string Attach => Words["Attach"];
    public static string Protect => Words["Protect"];
    public static string Which => Words["Which"];
    public static string OpenWizard => Words["OpenWizard"];
    public static string Mended => Words["Mended"];

    public static string NoPlans => Words["NoPlans"];
    public static string AllTested => Words["AllTested"];
    public static string Fresh => Words["Fresh"];
    public static string Overdue => Words["Overdue"];
    public static string OpenRun => Words["OpenRun"];
    public static string Targets => Words["Targets"];
    public static string Approve => Words["Approve"];
    public static string ApprovalText => Words["ApprovalText"];
    public static string TargetOf => Words["TargetOf"];
    public static string TargetRpo => Words["TargetRpo"];
    public static string TargetRto => Words["TargetRto"];

    public static string Subject(TargetSubject subject) => subject switch
    {
        TargetSubject.Plan => Words["Subject_Plan"],
        TargetSubject.Appliance => Words["Subject_Appliance"],
        TargetSubject.Vm => Words["Subject_Vm"],
    };

    public static string ApprovalTitle(string by, string what) => Words.Of("ApprovalTitle", by, what);

    public static string TargetTitle(string kind, string name) => Words.Of("TargetTitle", kind, name);

    public static string TargetGarbled(string kind, string name) => Words.Of("TargetGarbled", kind, name);

    /// <summary>What was measured, of what it may be.</summary>
    public static string Measured(TargetMeasure measure) => measure switch
    {
        { Measured: { } time } => Words.Of("Measured", Spans.Words(time), Spans.Words(measure.Target)),
        { Verdict: TargetVerdict.Exceeded } => Words.Of("Measured_Endless", Spans.Words(measure.Target)),
        _ => Words.Of("Measured_Unknown", Spans.Words(measure.Target)),
    };

    public static string MarkOf(TargetVerdict verdict) => verdict switch
    {
        TargetVerdict.Met => "ok",
        TargetVerdict.Exceeded => "bad",
        TargetVerdict.Unknown => "idle",
    };

    public static string TrendOf(TargetTrend trend) => trend switch
    {
        TargetTrend.Steady => Words["Trend_Steady"],
        TargetTrend.Better => Words["Trend_Better"],
        TargetTrend.Worse => Words["Trend_Worse"],
    };

    public static string Times(int count) => Words.Of("Times", count);

    public static string Untested(int count) => count == 1 ? Words["Untested_One"] : Words.Of("Untested_Many", count);

    public static string RunTitle(string kind, bool waits) => waits ? Words.Of("RunTitle_Yes", kind) : Words.Of("RunTitle_No", kind);

    public static string RunText(bool waits) => waits ? Words["RunText_Yes"] : Words["RunText_No"];

    public static string PausedTitle(string kind) => Words.Of("PausedTitle", kind);

    public static string PausedText => Words["PausedText"];

    public static string PoolAt(string pool, string address) => Words.Of("PoolAt", pool, address);

    public static string AllSites(int count) => count == 1 ? Words["AllSites_One"] : Words.Of("AllSites_Many", count);

    public static string SupersededTitle(string sr) => Words.Of("SupersededTitle", sr);

    public static string SupersededText(string reason, string uuid) => Words.Of("SupersededText", reason, uuid);

    public static string BrokenTitle(string sr) => Words.Of("BrokenTitle", sr);

    public static string BrokenText(long? behind, string reason) => Words.Of("BrokenText", ProtectionBehind(behind), reason);

    public static string DetachedTitle(string sr) => Words.Of("DetachedTitle", sr);

    public static string DetachedText(int vms) => vms == 0 ? Words["DetachedText_None"]
        : vms == 1 ? Words["DetachedText_Some_One"]
        : Words.Of("DetachedText_Some_Many", vms);

    public static string UnprotectedTitle(string sr) => Words.Of("UnprotectedTitle", sr);

    public static string UnprotectedText(int vms) => vms == 1
        ? Words["UnprotectedText_One"]
        : Words.Of("UnprotectedText_Many", vms);

    public static string ExposedTitle(int vms) => vms == 1 ? Words["ExposedTitle_One"] : Words.Of("ExposedTitle_Many", vms);

    public static string FirmwareTitle(int vms) => vms == 1 ? Words["FirmwareTitle_One"] : Words.Of("FirmwareTitle_Many", vms);

    public static string FirmwareText => Words["FirmwareText"];

    public static string DirectoryTitle => Words["DirectoryTitle"];

    public static string TwiceTitle(string vm, string site) => Words.Of("TwiceTitle", vm, site);

    public static string TwiceText(string pool) => Words.Of("TwiceText", pool);

    public static string UnkeptTitle(string site) => Words.Of("UnkeptTitle", site);

    public static string ClockTitle(string site, string span, bool isAhead) =>
        isAhead ? Words.Of("ClockTitle_Ahead", site, span) : Words.Of("ClockTitle_Behind", site, span);

    public static string ClockText => Words["ClockText"];

    public static string FutureTitle(string sr, string span) => Words.Of("FutureTitle", sr, span);

    public static string TestAheadTitle(string plan, string span) => Words.Of("TestAheadTitle", plan, span);

    public static string SilentTitle(string site) => Words.Of("SilentTitle", site);

    public static string PlanUnreadable => Words["PlanUnreadable"];

    public static string HypervisorLost => Words["HypervisorLost"];
    public static string KeyTitle => Words["KeyTitle"];
    public static string KeyText => Words["KeyText"];

    public static string HostSilentTitle(string host) => Words.Of("HostSilentTitle", host);

    public static string HostSilentText => Words["HostSilentText"];

    public static string GuestSilentTitle(string vm) => Words.Of("GuestSilentTitle_One", vm);

    public static string GuestsSilentTitle(int vms) => Words.Of("GuestSilentTitle_Many", vms);

    public static string GuestSilentText => Words["GuestSilentText"];

    public static string UntestedText => Words["UntestedText"];

    public static string UntestedTitle(string plan) => Words.Of("UntestedTitle", plan);

    public static string TestFailedTitle(string plan) => Words.Of("TestFailedTitle", plan);

    public static string TestFailedText => Words["TestFailedText"];

    public static string TestOldTitle(string plan, int days) => Words.Of("TestOldTitle", plan, days);

    public static string ScheduleTitle(string schedule) => Words.Of("ScheduleTitle", schedule);

    public static string MissedText(int times) => times == 1 ? Words["MissedText_One"] : Words.Of("MissedText_Many", times);

    public static string BehindTitle(string sr, string state) => Words.Of("BehindTitle", sr, state);

    public static string BehindText(long? behind, string reason) => Words.Of("BehindText", ProtectionBehind(behind), reason).TrimEnd();

    public static string UnableTitle(string sr) => Words.Of("UnableTitle", sr);

    public static string UnableText(int vms) => vms == 1
        ? Words["UnableText_One"]
        : Words.Of("UnableText_Many", vms);

    public static string ForRecoveryText(int vms) => vms == 1
        ? Words["ForRecoveryText_One"]
        : Words.Of("ForRecoveryText_Many", vms);

    public static string DisklessTitle(int vms) => vms == 1 ? Words["DisklessTitle_One"] : Words.Of("DisklessTitle_Many", vms);

    public static string DisklessText => Words["DisklessText"];

    public static string LocalTitle(int vms) => vms == 1 ? Words["LocalTitle_One"] : Words.Of("LocalTitle_Many", vms);

    public static string LocalText => Words["LocalText"];

    public static string LostTitle(int vms) => vms == 1 ? Words["LostTitle_One"] : Words.Of("LostTitle_Many", vms);

    public static string LostText => Words["LostText"];

    public static string ForeignTitle(string sr) => Words.Of("ForeignTitle", sr);

    public static string ForeignText => Words["ForeignText"];

    public static string Hosts(int count) => count == 1 ? Words["Hosts_One"] : Words.Of("Hosts_Many", count);

    public static string Vms(int count) => count == 1 ? Words["Vms_One"] : Words.Of("Vms_Many", count);

    public static string RunningOf(int running, int total) => Words.Of("RunningOf", running, Vms(total));

    public static string OfTotal(int total) => Words.Of("OfTotal", total);

    public static string NoVm => Words["NoVm"];
    public static string Map => Words["Map"];
    public static string Flows => Words["Flows"];
    public static string Storage => Words["Storage"];
    public static string Resting => Words["Resting"];
    public static string HostDisabled => Words["HostDisabled"];
    public static string Seen => Words["Seen"];
    public static string NeverSeen => Words["NeverSeen"];
    public static string AnswersNow => Words["AnswersNow"];
    public static string SilentNow => Words["SilentNow"];
    public static string FirstTest => Words["FirstTest"];
    public static string StepDone => Words["StepDone"];
    public static string Rto => Words["Rto"];
    public static string Rpo => Words["Rpo"];
    public static string NoRpo => Words["NoRpo"];
    public static string OfTests => Words["OfTests"];
    public static string OfRecoveries => Words["OfRecoveries"];

    public static string MoreHosts(int count) => count == 1 ? Words["MoreHosts_One"] : Words.Of("MoreHosts_Many", count);

    public static string MetadataOf(string pool) => Words.Of("MetadataOf", pool);

    public static string StepsDone(int done, int all) => Words.Of("StepsDone", done, all);

    public static string StepTitle(FirstStep step) => step switch
    {
        FirstStep.Storage => Words["Step_storage_Title"],
        FirstStep.Protect => Words["Step_protect_Title"],
        FirstStep.Site => Words["Step_site_Title"],
        FirstStep.Plan => Words["Step_plan_Title"],
        FirstStep.Test => Words["Step_test_Title"],
    };

    public static string StepText(FirstStep step) => step switch
    {
        FirstStep.Storage => Words["Step_storage_Text"],
        FirstStep.Protect => Words["Step_protect_Text"],
        FirstStep.Site => Words["Step_site_Text"],
        FirstStep.Plan => Words["Step_plan_Text"],
        FirstStep.Test => Words["Step_test_Text"],
    };

    public static string StepGo(FirstStep step) => step switch
    {
        FirstStep.Storage => Words["Step_storage_Go"],
        FirstStep.Protect => Words["Step_protect_Go"],
        FirstStep.Site => Words["Step_site_Go"],
        FirstStep.Plan => Words["Step_plan_Go"],
        FirstStep.Test => Words["Step_test_Go"],
    };

    public static string RtoText(int runs) => runs == 1 ? Words["RtoText_One"] : Words.Of("RtoText_Many", runs);

    public static string RpoText(string last) => Words.Of("RpoText", last);

    public static string RpoOf(string values) => Words.Of("RpoOf", values);

    private static string ProtectionBehind(long? changes) => changes switch
    {
        null => Words["ProtectionBehind_Unknown"],
        1 => Words["ProtectionBehind_One"],
        _ => Words.Of("ProtectionBehind_Many", changes),
    };
}
