namespace Redoubt.Console.Apps;

/// <summary>The words about vApps.</summary>
internal static class AppsText
{
    private static readonly Words Words = new(typeof(AppsText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string NewName => Words["NewName"];
    public static string Create => Words["Create"];
    public static string VApps => Words["VApps"];
    public static string NoApps => Words["NoApps"];
    public static string NoAppsText => Words["NoAppsText"];
    public static string Name => Words["Name"];
    public static string State => Words["State"];
    public static string StartsAs => Words["StartsAs"];
    public static string Alone => Words["Alone"];
    public static string Start => Words["Start"];
    public static string ShutDown => Words["ShutDown"];
    public static string Back => Words["Back"];
    public static string Gone => Words["Gone"];
    public static string GoneText => Words["GoneText"];
    public static string StartOrder => Words["StartOrder"];
    public static string StartOrderText => Words["StartOrderText"];
    public static string Timeline => Words["Timeline"];
    public static string NoMembers => Words["NoMembers"];
    public static string NoMembersText => Words["NoMembersText"];
    public static string AddVm => Words["AddVm"];
    public static string Add => Words["Add"];
    public static string AllTaken => Words["AllTaken"];
    public static string Choose => Words["Choose"];
    public static string Delay => Words["Delay"];
    public static string Health => Words["Health"];
    public static string Earlier => Words["Earlier"];
    public static string Later => Words["Later"];
    public static string TakeOut => Words["TakeOut"];
    public static string Remove => Words["Remove"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string NewTier => Words["NewTier"];

    public static string RemoveText(string name) => Words.Of("RemoveText", name);

    public static string Created(string name) => Words.Of("Created", name);

    public static string Members(int count) =>
        count switch { 0 => Words["Members_None"], 1 => Words["Members_One"], _ => Words.Of("Members_Other", count) };

    public static string Running(int running, int total) =>
        running == 0 ? Words["Running_None"] : running == total ? Words["Running_Some_Yes"] : Words.Of("Running_Some_No", running, total);

    public static string TierAt(long order) => Words.Of("TierAt", order);

    public static string At(string clock) => Words.Of("At", clock);

    public static string ThenWait(string clock) => Words.Of("ThenWait", clock);

    public static string NoSuchVm(string name) => Words.Of("NoSuchVm", name);

    public static string SeveralVms(string name) => Words.Of("SeveralVms", name);

    public static string MoveLabel(string verb, string vm) => Words.Of("MoveLabel", verb, vm);

    public static string HealthOf(string kind) => kind switch
    {
        "agent" => Words["HealthOf_Agent"],
        "tcp" => Words["HealthOf_Tcp"],
        "console" => Words["HealthOf_Console"],
        "script" => Words["HealthOf_Script"],
        _ => Words["HealthOf_Other"],
    };

    public static string ArgumentOf(string kind) => kind switch
    {
        "tcp" => Words["ArgumentOf_Tcp"],
        "console" => Words["ArgumentOf_Console"],
        _ => Words["ArgumentOf_Other"],
    };

    public static string Power(Redoubt.XenApi.VmPowerState state) => state switch
    {
        Redoubt.XenApi.VmPowerState.Running => Words["Power_Running"],
        Redoubt.XenApi.VmPowerState.Halted => Words["Power_Halted"],
        Redoubt.XenApi.VmPowerState.Paused => Words["Power_Paused"],
        Redoubt.XenApi.VmPowerState.Suspended => Words["Power_Suspended"],
        Redoubt.XenApi.VmPowerState.Unrecognized => Words["Power_Unrecognized"],
    };
}
