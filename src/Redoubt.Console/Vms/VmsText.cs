using Redoubt.XenApi;

namespace Redoubt.Console.Vms;

/// <summary>The words about VMs.</summary>
internal static class VmsText
{
    private static readonly Words Words = new(typeof(VmsText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Which => Words["Which"];
    public static string Search => Words["Search"];
    public static string IntoApp => Words["IntoApp"];
    public static string OutOfApp => Words["OutOfApp"];
    public static string Tag => Words["Tag"];
    public static string AddTag => Words["AddTag"];
    public static string ChooseNone => Words["ChooseNone"];
    public static string ChooseAll => Words["ChooseAll"];
    public static string NoVms => Words["NoVms"];
    public static string NoVmsText => Words["NoVmsText"];
    public static string NoneFound => Words["NoneFound"];
    public static string NoneFoundText => Words["NoneFoundText"];
    public static string OfTest => Words["OfTest"];
    public static string Back => Words["Back"];
    public static string Gone => Words["Gone"];
    public static string GoneText => Words["GoneText"];
    public static string Facts => Words["Facts"];
    public static string Host => Words["Host"];
    public static string NoHost => Words["NoHost"];
    public static string Started => Words["Started"];
    public static string NotRunning => Words["NotRunning"];
    public static string Processors => Words["Processors"];
    public static string Memory => Words["Memory"];
    public static string Firmware => Words["Firmware"];
    public static string Uefi => Words["Uefi"];
    public static string Bios => Words["Bios"];
    public static string WithTpm => Words["WithTpm"];
    public static string VApp => Words["VApp"];
    public static string Starts => Words["Starts"];
    public static string Tags => Words["Tags"];
    public static string NoTags => Words["NoTags"];
    public static string Uuid => Words["Uuid"];
    public static string Protection => Words["Protection"];
    public static string History => Words["History"];
    public static string NoRuns => Words["NoRuns"];
    public static string Drives => Words["Drives"];
    public static string NoDrives => Words["NoDrives"];
    public static string Device => Words["Device"];
    public static string Name => Words["Name"];
    public static string Size => Words["Size"];
    public static string Sr => Words["Sr"];
    public static string State => Words["State"];
    public static string Cd => Words["Cd"];
    public static string Nothing => Words["Nothing"];
    public static string GoneDisk => Words["GoneDisk"];
    public static string Missing => Words["Missing"];
    public static string Attached => Words["Attached"];
    public static string Detached => Words["Detached"];
    public static string ReadOnly => Words["ReadOnly"];
    public static string Interfaces => Words["Interfaces"];
    public static string NoInterfaces => Words["NoInterfaces"];
    public static string Network => Words["Network"];
    public static string Mac => Words["Mac"];
    public static string Addresses => Words["Addresses"];
    public static string Guest => Words["Guest"];
    public static string Unnamed => Words["Unnamed"];
    public static string AgentSilent => Words["AgentSilent"];
    public static string GoneNetwork => Words["GoneNetwork"];
    public static string Plugged => Words["Plugged"];
    public static string Unplugged => Words["Unplugged"];
    public static string Messages => Words["Messages"];
    public static string Screen => Words["Screen"];
    public static string ShowScreen => Words["ShowScreen"];
    public static string HideScreen => Words["HideScreen"];
    public static string ScreenText => Words["ScreenText"];
    public static string ScreenHint => Words["ScreenHint"];
    public static string Snapshots => Words["Snapshots"];
    public static string Taken => Words["Taken"];
    public static string Revert => Words["Revert"];
    public static string Remove => Words["Remove"];
    public static string SnapshotName => Words["SnapshotName"];
    public static string Take => Words["Take"];
    public static string RevertTitle => Words["RevertTitle"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string HardTitle => Words["HardTitle"];

    public static string Count(int shown, int total) => Words.Of("Count", shown, total);

    public static string Chosen(int count) => Words.Of("Chosen", count);

    public static string Choose(string name) => Words.Of("Choose", name);

    public static string Done(int count) => Words.Of("Done", count);

    public static string SomeRefused(int done, int total, string why) => Words.Of("SomeRefused", done, total, why);

    public static string Blocked(string act, string why) => Words.Of("Blocked", act, why);

    public static string ProcessorsOf(long now, long most) => Words.Of("ProcessorsOf", now, most);

    public static string StartsAt(string tier, string delay) => Words.Of("StartsAt", tier, delay);

    public static string ScreenOf(string name) => Words.Of("ScreenOf", name);

    public static string RevertTo(string name) => Words.Of("RevertTo", name);

    public static string RemoveOf(string name) => Words.Of("RemoveOf", name);

    public static string Checkpoint(string name) => Words.Of("Checkpoint", name);

    public static string SnapshotTaken(string name) => Words.Of("SnapshotTaken", name);

    public static string Reverted(string name) => Words.Of("Reverted", name);

    public static string Removed(string name) => Words.Of("Removed", name);

    public static string RevertText(string name) => Words.Of("RevertText", name);

    public static string RemoveText(string name) => Words.Of("RemoveText", name);

    public static string HardText(string name) => Words.Of("HardText", name);

    public static string ActOn(VmOperations operation, int count) => Words.Of("ActOn", Act(operation), count);

    public static string Act(VmOperations operation) => operation switch
    {
        VmOperations.Start => Words["Act_Start"],
        VmOperations.Resume => Words["Act_Resume"],
        VmOperations.Unpause => Words["Act_Unpause"],
        VmOperations.CleanShutdown => Words["Act_CleanShutdown"],
        VmOperations.CleanReboot => Words["Act_CleanReboot"],
        VmOperations.Suspend => Words["Act_Suspend"],
        VmOperations.HardShutdown => Words["Act_HardShutdown"],
        _ => VmOperationsType.Instance.Encode(operation),
    };

    public static string Filter(VmFilter filter) => filter switch
    {
        VmFilter.All => Words["Filter_All"],
        VmFilter.Running => Words["Filter_Running"],
        VmFilter.Off => Words["Filter_Off"],
        VmFilter.Exposed => Words["Filter_Exposed"],
        VmFilter.Alone => Words["Filter_Alone"],
    };

    public static string Column(VmColumn column) => column switch
    {
        VmColumn.Name => Words["Column_Name"],
        VmColumn.State => Words["Column_State"],
        VmColumn.Host => Words["Column_Host"],
        VmColumn.Memory => Words["Column_Memory"],
        VmColumn.VApp => Words["Column_VApp"],
        VmColumn.Protection => Words["Column_Protection"],
    };
}
