using Redoubt.Inspection;

namespace Redoubt.Console.Inspect;

/// <summary>The words about what a metadata volume or a dump holds.</summary>
internal static class InspectText
{
    private static readonly Words Words = new(typeof(InspectText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string FileSub => Words["FileSub"];
    public static string At => Words["At"];
    public static string Newest => Words["Newest"];
    public static string Gone => Words["Gone"];
    public static string Choose => Words["Choose"];
    public static string Upload => Words["Upload"];
    public static string UploadAct => Words["UploadAct"];
    public static string UploadHint => Words["UploadHint"];
    public static string OnMachine => Words["OnMachine"];
    public static string Path => Words["Path"];
    public static string PathHint => Words["PathHint"];
    public static string Open => Words["Open"];
    public static string Stop => Words["Stop"];
    public static string Stopped => Words["Stopped"];
    public static string Sending => Words["Sending"];
    public static string Reading => Words["Reading"];
    public static string Pool => Words["Pool"];
    public static string NoPool => Words["NoPool"];
    public static string Generation => Words["Generation"];
    public static string Schema => Words["Schema"];
    public static string WrittenBy => Words["WrittenBy"];
    public static string Newer => Words["Newer"];
    public static string NewerHint => Words["NewerHint"];
    public static string FileWritten => Words["FileWritten"];
    public static string StateWritten => Words["StateWritten"];
    public static string ToSites => Words["ToSites"];
    public static string Lost => Words["Lost"];
    public static string Damage => Words["Damage"];
    public static string Content => Words["Content"];
    public static string Search => Words["Search"];
    public static string NoMatch => Words["NoMatch"];
    public static string Nothing => Words["Nothing"];
    public static string Loose => Words["Loose"];
    public static string Storage => Words["Storage"];
    public static string Networks => Words["Networks"];
    public static string Hosts => Words["Hosts"];
    public static string NoName => Words["NoName"];
    public static string EmptyDrive => Words["EmptyDrive"];
    public static string NoNetwork => Words["NoNetwork"];
    public static string Snapshot => Words["Snapshot"];
    public static string Shared => Words["Shared"];
    public static string HoldsMetadata => Words["HoldsMetadata"];
    public static string Attached => Words["Attached"];
    public static string NotAttached => Words["NotAttached"];
    public static string HostGone => Words["HostGone"];
    public static string Standing => Words["Standing"];
    public static string Boots => Words["Boots"];

    public static string TooLong(string name, string size) => Words.Of("TooLong", name, size);

    public static string NotSent(string name) => Words.Of("NotSent", name);

    public static string Progress(string name, string done, string all) => Words.Of("Progress", name, done, all);

    public static string LostRecords(int records) => records == 1 ? Words["LostRecords_One"] : Words.Of("LostRecords_Many", records);

    public static string LostUpTo(string records, long generation) => Words.Of("LostUpTo", records, generation);

    public static string Unfinished(int changes) => changes == 1 ? Words["Unfinished_One"] : Words.Of("Unfinished_Many", changes);

    public static string DamageAt(long offset, string what) => Words.Of("DamageAt", offset, what);

    public static string PointLine(string ago, string exact, string vms) => Words.Of("PointLine", ago, exact, vms);

    public static string Intact(long generation) => Words.Of("Intact", generation);

    public static string IntactAt(long generation) => Words.Of("IntactAt", generation);

    public static string Cut(long generation, string damage) => Words.Of("Cut", generation, damage);

    public static string OnSr(string sr) => Words.Of("OnSr", sr);

    public static string Items(int count) => Words.Of("Items", count);

    public static string Templates(int count) => count == 1 ? Words["Templates_One"] : Words.Of("Templates_Many", count);

    public static string Vm(string power, long vcpus, string memory, long order, long version) =>
        Words.Of("Vm", power, vcpus, memory, order, version);

    public static string VmOn(string facts, string host) => Words.Of("VmOn", facts, host);

    public static string WaitAfterStart(string facts, long seconds) => Words.Of("WaitAfterStart", facts, seconds);

    public static string Disk(string type, string position) => Words.Of("Disk", type, position);

    public static string DiskFacts(string name, string size, string sr, string location) => Words.Of("DiskFacts", name, size, sr, location);

    public static string Interface(string device) => Words.Of("Interface", device);

    public static string InterfaceFacts(string mac, string network) => Words.Of("InterfaceFacts", mac, network);

    public static string Sr(string type, int disks) => disks == 1 ? Words.Of("Sr_One", type) : Words.Of("Sr_Many", type, disks);

    public static string Also(string facts, string more) => Words.Of("Also", facts, more);

    public static string Network(string bridge, int interfaces) =>
        interfaces == 1 ? Words.Of("Network_One", bridge) : Words.Of("Network_Many", bridge, interfaces);

    public static string Host(string address, string software) => Words.Of("Host", address, software);

    public static string StandingOf(VolumeStandingKind kind) => kind switch
    {
        VolumeStandingKind.Signed => Words["StandingOf_Signed"],
        VolumeStandingKind.Copied => Words["StandingOf_Copied"],
        VolumeStandingKind.Unsigned => Words["StandingOf_Unsigned"],
        VolumeStandingKind.Proven => Words["StandingOf_Proven"],
        VolumeStandingKind.Accepted => Words["StandingOf_Accepted"],
        VolumeStandingKind.Unproven => Words["StandingOf_Unproven"],
    };

    public static string Mark(VolumeStandingKind kind) => kind switch
    {
        VolumeStandingKind.Proven => "ok",
        VolumeStandingKind.Signed => "idle",
        VolumeStandingKind.Copied or VolumeStandingKind.Unsigned or VolumeStandingKind.Accepted or VolumeStandingKind.Unproven => "warn",
    };

    public static string Verdict(InspectVerdict verdict) => verdict switch
    {
        InspectVerdict.Intact => Words["Verdict_Intact"],
        InspectVerdict.Cut => Words["Verdict_Cut"],
        InspectVerdict.OlderHalf => Words["Verdict_OlderHalf"],
        InspectVerdict.Empty => Words["Verdict_Empty"],
        InspectVerdict.Unusable => Words["Verdict_Unusable"],
        InspectVerdict.NotADatabase => Words["Verdict_NotADatabase"],
        InspectVerdict.Unreadable => Words["Verdict_Unreadable"],
    };

    public static string Mark(InspectVerdict verdict) => verdict switch
    {
        InspectVerdict.Intact => "ok",
        InspectVerdict.Cut or InspectVerdict.OlderHalf => "warn",
        InspectVerdict.Empty => "idle",
        InspectVerdict.Unusable or InspectVerdict.NotADatabase or InspectVerdict.Unreadable => "bad",
    };
}
