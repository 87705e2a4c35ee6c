using Redoubt.XenApi;

namespace Redoubt.Console.Srs;

/// <summary>The words about storage.</summary>
internal static class SrsText
{
    private static readonly Words Words = new(typeof(SrsText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Add => Words["Add"];
    public static string Search => Words["Search"];
    public static string Count(int shown, int all) => Words.Of("Count", shown, all);
    public static string NoSr => Words["NoSr"];
    public static string NoSrText => Words["NoSrText"];
    public static string Of(string used, string all) => Words.Of("Of", used, all);
    public static string SizeUnknown => Words["SizeUnknown"];
    public static string Protected => Words["Protected"];
    public static string NotProtected => Words["NotProtected"];
    public static string NotAble => Words["NotAble"];
    public static string ForRecovery => Words["ForRecovery"];
    public static string Hosts(int plugged, int all) => Words.Of("Hosts", plugged, all);
    public static string NoHosts => Words["NoHosts"];
    public static string Back => Words["Back"];
    public static string Gone => Words["Gone"];
    public static string GoneText => Words["GoneText"];
    public static string Facts => Words["Facts"];
    public static string Type => Words["Type"];
    public static string Description => Words["Description"];
    public static string Shared => Words["Shared"];
    public static string IsShared => Words["IsShared"];
    public static string IsLocal => Words["IsLocal"];
    public static string Content => Words["Content"];
    public static string ContentDisks => Words["ContentDisks"];
    public static string ContentCds => Words["ContentCds"];
    public static string Size => Words["Size"];
    public static string Uuid => Words["Uuid"];
    public static string ProtectionOf => Words["ProtectionOf"];
    public static string ToProtection => Words["ToProtection"];
    public static string Connections => Words["Connections"];
    public static string NoConnections => Words["NoConnections"];
    public static string NoConnectionsText => Words["NoConnectionsText"];
    public static string Host => Words["Host"];
    public static string Config => Words["Config"];
    public static string State => Words["State"];
    public static string Attached => Words["Attached"];
    public static string Detached => Words["Detached"];
    public static string GoneHost => Words["GoneHost"];
    public static string Plug => Words["Plug"];
    public static string Unplug => Words["Unplug"];
    public static string Plugged(string name) => Words.Of("Plugged", name);
    public static string Unplugged(string name) => Words.Of("Unplugged", name);
    public static string UnplugTitle => Words["UnplugTitle"];
    public static string UnplugText(string sr, string host) => Words.Of("UnplugText", sr, host);
    public static string Disks => Words["Disks"];
    public static string NoDisks => Words["NoDisks"];
    public static string FindDisks => Words["FindDisks"];
    public static string CountDisks(int shown, int all) => Words.Of("CountDisks", shown, all);
    public static string Missing => Words["Missing"];
    public static string Fine => Words["Fine"];
    public static string ReadOnly => Words["ReadOnly"];
    public static string Scan => Words["Scan"];
    public static string Scanned => Words["Scanned"];
    public static string Rename => Words["Rename"];
    public static string NewName => Words["NewName"];
    public static string Renamed(string name) => Words.Of("Renamed", name);
    public static string Forget => Words["Forget"];
    public static string Destroy => Words["Destroy"];
    public static string ForgetFirst => Words["ForgetFirst"];
    public static string ForgetRecovery => Words["ForgetRecovery"];
    public static string ForgetTitle => Words["ForgetTitle"];
    public static string ForgetText(string name) => Words.Of("ForgetText", name);
    public static string DestroyTitle => Words["DestroyTitle"];
    public static string DestroyText(string name) => Words.Of("DestroyText", name);
    public static string HasDisks => Words["HasDisks"];
    public static string DiskInUse(string names) => Words.Of("DiskInUse", names);
    public static string DiskIsPools => Words["DiskIsPools"];
    public static string DestroyDiskTitle => Words["DestroyDiskTitle"];
    public static string DestroyDiskText(string name) => Words.Of("DestroyDiskText", name);
    public static string DiskDestroyed(string name) => Words.Of("DiskDestroyed", name);
    public static string Forgotten(string name) => Words.Of("Forgotten", name);
    public static string Destroyed(string name) => Words.Of("Destroyed", name);
    public static string AddTitle => Words["AddTitle"];
    public static string AddSub => Words["AddSub"];
    public static string Where => Words["Where"];
    public static string Find => Words["Find"];
    public static string FoundHere => Words["FoundHere"];
    public static string NothingFound => Words["NothingFound"];
    public static string Attach => Words["Attach"];
    public static string AttachTitle => Words["AttachTitle"];
    public static string AttachText(string name) => Words.Of("AttachText", name);
    public static string AttachedNow(string name) => Words.Of("AttachedNow", name);
    public static string AttachedToSome(string name, string refusals) => Words.Of("AttachedToSome", name, refusals);
    public static string Offered => Words["Offered"];
    public static string Make => Words["Make"];
    public static string Name => Words["Name"];
    public static string SharedLabel => Words["SharedLabel"];
    public static string MakeButton => Words["MakeButton"];
    public static string Made(string name) => Words.Of("Made", name);
    public static string NameMissing => Words["NameMissing"];
    public static string FieldMissing(string label) => Words.Of("FieldMissing", label);
    public static string OtherConfig => Words["OtherConfig"];
    public static string OnHost => Words["OnHost"];

    public static string Column(SrColumn column) => column switch
    {
        SrColumn.Name => Words["Column_Name"],
        SrColumn.Type => Words["Column_Type"],
        SrColumn.Use => Words["Column_Use"],
        SrColumn.Protection => Words["Column_Protection"],
        SrColumn.Attached => Words["Column_Attached"],
        SrColumn.Vms => Words["Column_Vms"],
    };

    public static string Disk(DiskColumn column) => column switch
    {
        DiskColumn.Name => Words["Disk_Name"],
        DiskColumn.Size => Words["Disk_Size"],
        DiskColumn.Used => Words["Disk_Used"],
        DiskColumn.Kind => Words["Disk_Kind"],
        DiskColumn.Vms => Words["Disk_Vms"],
        DiskColumn.State => Words["Disk_State"],
    };

    public static string Kind(VdiRecord disk, bool isCd) => disk switch
    {
        { Type: VdiType.Metadata or VdiType.RedoLog } => Words["Kind_Metadata"],
        { Type: VdiType.Suspend } => Words["Kind_Memory"],
        { IsASnapshot: true } => Words["Kind_Snapshot"],
        _ => isCd ? Words["Kind_Cd"] : Words["Kind_Disk"],
    };

    public static string Field(SrField field) => field switch
    {
        SrField.Location => Words["Field_Location"],
        SrField.LocationIso => Words["Field_LocationIso"],
        SrField.Device => Words["Field_Device"],
        SrField.Server => Words["Field_Server"],
        SrField.Path => Words["Field_Path"],
        SrField.Version => Words["Field_Version"],
        SrField.Options => Words["Field_Options"],
        SrField.Monitors => Words["Field_Monitors"],
        SrField.Pool => Words["Field_Pool"],
        SrField.User => Words["Field_User"],
        SrField.Key => Words["Field_Key"],
    };
}
