namespace Redoubt.Console.Networks;

/// <summary>The words about networks.</summary>
internal static class NetworksText
{
    private static readonly Words Words = new(typeof(NetworksText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Search => Words["Search"];
    public static string Count(int shown, int all) => Words.Of("Count", shown, all);
    public static string NoNetworks => Words["NoNetworks"];
    public static string NoNetworksText => Words["NoNetworksText"];
    public static string Internal => Words["Internal"];
    public static string OfTest => Words["OfTest"];
    public static string Rename => Words["Rename"];
    public static string NewName(string name) => Words.Of("NewName", name);
    public static string Renamed(string old, string name) => Words.Of("Renamed", old, name);
    public static string Destroy => Words["Destroy"];
    public static string DestroyTitle => Words["DestroyTitle"];
    public static string DestroyText(string name) => Words.Of("DestroyText", name);
    public static string Destroyed(string name) => Words.Of("Destroyed", name);
    public static string InUse(string names) => Words.Of("InUse", names);
    public static string IsOfTest => Words["IsOfTest"];
    public static string AddTitle => Words["AddTitle"];
    public static string Name => Words["Name"];
    public static string Description => Words["Description"];
    public static string Bridge => Words["Bridge"];
    public static string Make => Words["Make"];
    public static string Made(string name) => Words.Of("Made", name);
    public static string NameMissing => Words["NameMissing"];

    public static string Column(NetworkColumn column) => column switch
    {
        NetworkColumn.Name => Words["Column_Name"],
        NetworkColumn.Bridge => Words["Column_Bridge"],
        NetworkColumn.Mtu => Words["Column_Mtu"],
        NetworkColumn.Vms => Words["Column_Vms"],
    };
}
