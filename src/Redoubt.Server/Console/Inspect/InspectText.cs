using Redoubt.Server.Inspecting;

namespace Redoubt.Server.Console.Inspect;

/// <summary>The words about what a metadata volume or a dump holds.</summary>
internal static class InspectText
{
    public static string Title => "Inside the metadata";
    public static string Sub => "What a pool has written about itself, read without changing a byte.";
    public static string FileSub => "Open a metadata volume or a database dump that is not attached here, and see whose it is and what could be recovered from it. Nothing is written.";
    public static string At => "State";
    public static string Newest => "the newest";
    public static string Gone => "There is no such volume";
    public static string Choose => "What to open";
    public static string Upload => "A file of yours";
    public static string UploadAct => "Choose a file";
    public static string UploadHint => "A dump or a metadata volume, plain or compressed with gzip, up to 256 MiB. A volume is longer than that and nearly empty: compress it. What you send is deleted when you leave this page.";
    public static string OnMachine => "A file or block device of the daemon's machine";
    public static string Path => "Path";
    public static string PathHint => "It is opened for reading only. The daemon's own directory is not opened.";
    public static string Open => "Open";
    public static string Stop => "Stop sending";
    public static string Stopped => "The sending was stopped, and what had come is deleted.";
    public static string Sending => "Sending";
    public static string Reading => "Reading it…";
    public static string Pool => "Pool";
    public static string NoPool => "not known";
    public static string Generation => "Generation";
    public static string Schema => "Schema";
    public static string WrittenBy => "Written by";
    public static string Newer => "Newest time in it";
    public static string NewerHint => "It was changed then or later.";
    public static string FileWritten => "File written";
    public static string StateWritten => "Last change";
    public static string ToSites => "Sites";
    public static string Lost => "Lost";
    public static string Damage => "What is wrong with it";
    public static string Content => "What is in it";
    public static string Search => "Find by name or UUID";
    public static string NoMatch => "Nothing in it has such a name or UUID.";
    public static string Nothing => "Nothing is in it.";
    public static string Loose => "VMs in no vApp";
    public static string Storage => "Storage";
    public static string Networks => "Networks";
    public static string Hosts => "Hosts";
    public static string NoName => "(no name)";
    public static string EmptyDrive => "empty";
    public static string NoNetwork => "on no network";
    public static string Snapshot => "Snapshot";
    public static string Shared => "shared";
    public static string HoldsMetadata => "protected: this pool's metadata is written to it";
    public static string Attached => "attached";
    public static string NotAttached => "not attached";
    public static string HostGone => "a host that is gone";
    public static string Boots => "boots";

    public static string TooLong(string name, string size) => $"{name} has {size}, and at most 256 MiB can be sent. Compress it with gzip, or have it opened by its path on the daemon's machine.";

    public static string NotSent(string name) => $"{name} could not be received: the browser has stopped sending it, or the daemon's disk is full. The daemon's log says which.";

    public static string Progress(string name, string done, string all) => $"{name}: {done} of {all}";

    public static string LostRecords(int records) => records == 1 ? "1 later change can't be used" : $"{records} later changes can't be used";

    public static string LostUpTo(string records, long generation) => $"{records}; the last one seen was generation {generation}";

    public static string Unfinished(int changes) => changes == 1 ? "1 change at the end had been begun and not acknowledged; nothing that was promised is missing with it." : $"{changes} changes at the end had been begun and not acknowledged; nothing that was promised is missing with them.";

    public static string DamageAt(long offset, string what) => $"At byte {offset}: {what}";

    public static string PointLine(string ago, string exact, string vms) => $"{ago} · {exact} · {vms}";

    public static string Intact(long generation) => $"It is a metadata volume, intact at generation {generation}.";

    public static string IntactAt(long generation) => $"It is the state of generation {generation}, intact.";

    public static string Cut(long generation, string damage) => $"It can be read up to generation {generation}; what was written after that is lost. {damage}";

    public static string OnSr(string sr) => $"Metadata volume on {sr}";

    public static string Items(int count) => $"{count}";

    public static string Templates(int count) => count == 1 ? "and 1 template" : $"and {count} templates";

    public static string Vm(string power, long vcpus, string memory, long order, long version) => $"{power}, {vcpus} vCPU, {memory}, order {order}, version {version}";

    public static string VmOn(string facts, string host) => $"{facts}, on {host}";

    public static string WaitAfterStart(string facts, long seconds) => $"{facts}, then wait {seconds} s";

    public static string Disk(string type, string position) => $"{type} {position}";

    public static string DiskFacts(string name, string size, string sr, string location) => $"{name}, {size}, on SR {sr} as {location}";

    public static string Interface(string device) => $"NIC {device}";

    public static string InterfaceFacts(string mac, string network) => $"{mac}, on {network}";

    public static string Sr(string type, int disks) => disks == 1 ? $"{type}, 1 disk" : $"{type}, {disks} disks";

    public static string Also(string facts, string more) => $"{facts}, {more}";

    public static string Network(string bridge, int interfaces) => interfaces == 1 ? $"bridge {bridge}, 1 VM interface" : $"bridge {bridge}, {interfaces} VM interfaces";

    public static string Host(string address, string software) => $"{address}, {software}";

    public static string Verdict(InspectVerdict verdict) => verdict switch
    {
        InspectVerdict.Intact => "Intact",
        InspectVerdict.Cut => "Cut: later changes are lost",
        InspectVerdict.OlderHalf => "An older state only",
        InspectVerdict.Empty => "Empty",
        InspectVerdict.Unusable => "Damaged beyond use",
        InspectVerdict.NotADatabase => "No pool database",
        InspectVerdict.Unreadable => "Can't be read",
    };

    public static string Mark(InspectVerdict verdict) => verdict switch
    {
        InspectVerdict.Intact => "ok",
        InspectVerdict.Cut or InspectVerdict.OlderHalf => "warn",
        InspectVerdict.Empty => "idle",
        InspectVerdict.Unusable or InspectVerdict.NotADatabase or InspectVerdict.Unreadable => "bad",
    };
}
