namespace Redoubt.Console.Hosts;

/// <summary>The words about hosts.</summary>
internal static class HostsText
{
    private static readonly Words Words = new(typeof(HostsText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Search => Words["Search"];
    public static string Count(int shown, int all) => Words.Of("Count", shown, all);
    public static string Coordinator => Words["Coordinator"];
    public static string Enabled => Words["Enabled"];
    public static string Disabled => Words["Disabled"];
    public static string Silent => Words["Silent"];
    public static string Free(string free, string all) => Words.Of("Free", free, all);
    public static string NotKnown => Words["NotKnown"];
    public static string Version(string version) => Words.Of("Version", version);
    public static string Enable => Words["Enable"];
    public static string Disable => Words["Disable"];
    public static string Evacuate => Words["Evacuate"];
    public static string NowEnabled(string name) => Words.Of("NowEnabled", name);
    public static string NowDisabled(string name) => Words.Of("NowDisabled", name);
    public static string EvacuateTitle => Words["EvacuateTitle"];
    public static string EvacuateText(int n, string name) => Words.Of("EvacuateText", n, name);
    public static string Evacuated(string name) => Words.Of("Evacuated", name);
    public static string NothingToMove => Words["NothingToMove"];
    public static string OneHost => Words["OneHost"];

    public static string Column(HostColumn column) => column switch
    {
        HostColumn.Name => Words["Column_Name"],
        HostColumn.Address => Words["Column_Address"],
        HostColumn.State => Words["Column_State"],
        HostColumn.Memory => Words["Column_Memory"],
        HostColumn.Vms => Words["Column_Vms"],
    };
}
