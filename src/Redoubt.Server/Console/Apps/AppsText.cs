namespace Redoubt.Server.Console.Apps;

/// <summary>The words about vApps and VMs.</summary>
internal static class AppsText
{
    public static string Title => "vApps and VMs";
    public static string Sub => "A vApp holds the VMs that belong together. They are recovered together and start in tiers: a tier waits until the one before it is well.";
    public static string New => "New vApp";
    public static string NewName => "Name of the new vApp";
    public static string Create => "Create";
    public static string VApps => "vApps";
    public static string Vms => "VMs";
    public static string NoApps => "There are no vApps yet";
    public static string NoAppsText => "Create one for each service that must come up as a whole, put its VMs in, and say which start first.";
    public static string NoVms => "There are no VMs yet";
    public static string NoVmsText => "VMs are made with vm-create, or come with a recovery. This lists them with their vApp, order and protection.";
    public static string Name => "Name";
    public static string State => "State";
    public static string VApp => "vApp";
    public static string Order => "Tier";
    public static string Protected => "Protection";
    public static string StartsAs => "Starts as";
    public static string Search => "Find VMs by name";
    public static string Only => "Only those in no vApp";
    public static string Alone => "in no vApp";
    public static string Start => "Start";
    public static string ShutDown => "Shut down";
    public static string Edit => "Edit";
    public static string Back => "All vApps and VMs";
    public static string Gone => "There is no such vApp";
    public static string GoneText => "It may have been removed meanwhile.";
    public static string StartOrder => "Start order";
    public static string StartOrderText => "Drag a VM to another tier or between two tiers, or use its arrows. VMs of one tier start at the same time.";
    public static string Timeline => "What that means";
    public static string NoMembers => "No VM is in this vApp yet";
    public static string NoMembersText => "Add the first one below. A VM is in one vApp at most.";
    public static string AddVm => "Add a VM";
    public static string Add => "Add";
    public static string AllTaken => "Every VM is in a vApp already.";
    public static string Choose => "Choose a VM";
    public static string Delay => "Wait after start, seconds";
    public static string Health => "It is well when";
    public static string Earlier => "Start earlier";
    public static string Later => "Start later";
    public static string TakeOut => "Take out of the vApp";
    public static string Remove => "Remove the vApp";
    public static string RemoveTitle => "Remove the vApp?";
    public static string Rename => "Rename";
    public static string Saved => "Saved.";
    public static string NewTier => "Drop here for a tier of its own";
    public static string Apply => "Apply";

    public static string RemoveText(string name) => $"The VMs of {name} stay; they only lose what keeps them together.";

    public static string Created(string name) => $"{name} has been created. Put VMs into it.";

    public static string Members(int count) => count switch { 0 => "no VMs", 1 => "1 VM", _ => $"{count} VMs" };

    public static string Running(int running, int total) => running == 0 ? "off" : running == total ? "running" : $"{running} of {total} running";

    public static string TierAt(int number) => $"Tier {number}";

    public static string At(string clock) => $"at {clock}";

    public static string ThenWait(string clock) => $"then {clock}";

    public static string NoSuchVm(string name) => $"No VM outside of vApps is named '{name}'.";

    public static string SeveralVms(string name) => $"Several VMs are named '{name}'. Give the UUID of the one that is meant.";

    public static string MoveLabel(string verb, string vm) => $"{verb}: {vm}";

    public static string HealthOf(string kind) => kind switch
    {
        "agent" => "its guest agent answers",
        "tcp" => "a TCP port answers",
        "console" => "its console says",
        "script" => "a script agrees",
        _ => "the wait is over",
    };

    public static string ArgumentOf(string kind) => kind switch
    {
        "tcp" => "port, or host:port",
        "console" => "text",
        _ => "name of the script",
    };

    public static string Power(Redoubt.XenApi.VmPowerState state) => state switch
    {
        Redoubt.XenApi.VmPowerState.Running => "Running",
        Redoubt.XenApi.VmPowerState.Halted => "Off",
        Redoubt.XenApi.VmPowerState.Paused => "Paused",
        Redoubt.XenApi.VmPowerState.Suspended => "Suspended",
        Redoubt.XenApi.VmPowerState.Unrecognized => "Unknown",
    };
}
