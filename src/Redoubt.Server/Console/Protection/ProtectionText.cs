namespace Redoubt.Server.Console.Protection;

/// <summary>The words about protection.</summary>
internal static class ProtectionText
{
    public static string Title => "Protection";
    public static string Sub => "A protected SR carries the pool's whole metadata beside the disks, current at every change. Replicate the SR, and the other site needs nothing else.";
    public static string Storage => "Storage";
    public static string Name => "SR";
    public static string Protected => "Protected";
    public static string State => "Metadata";
    public static string History => "Earlier states";
    public static string Used => "VMs, space";
    public static string Shared => "shared";
    public static string Local => "local to one host";
    public static string ForRecovery => "attached for recovery, read-only";
    public static string Detached => "not attached";
    public static string NotProtected => "Not protected";
    public static string Current => "Current";
    public static string CatchingUp => "Catching up";
    public static string Broken => "Not being written";
    public static string NotAttached => "Not attached";
    public static string NotAble => "This kind of storage can't hold pool metadata.";
    public static string NotAttachedAdvice => "The SR is not attached. Plug its PBDs first.";
    public static string ForRecoveryAdvice => "It is attached read-only for a recovery. Recover a VM from it first; then it belongs to this pool.";
    public static string NoSr => "There is no storage yet";
    public static string NoSrAdvice => "Attach the storage that is replicated to the other site, or make an SR on it.";
    public static string ExposedTitle => "VMs that would not come back";
    public static string AllSafe => "Every VM would come back";
    public static string AllSafeText => "All disks lie on shared storage that carries the pool's metadata.";
    public static string NoVms => "There are no VMs yet";
    public static string NoVmsText => "As soon as there are, this says which of them would not survive a disaster, and why.";
    public static string Vm => "VM";
    public static string Why => "Why";
    public static string Disks => "Disks";
    public static string StopTitle => "Stop protecting?";
    public static string Stop => "Stop protecting";
    public static string OpenVolume => "Look inside";

    public static string StopText(string sr) =>
        $"The pool's metadata on {sr}, with all earlier states, will be removed. VMs whose disks lie there can't be recovered at the other site afterwards.";

    public static string Enabled(string sr) => $"{sr} is protected: the database is on it and has been read back.";

    public static string Disabled(string sr) => $"{sr} is not protected any more.";

    public static string Behind(long changes) => changes == 1 ? "1 change behind" : $"{changes} changes behind";

    public static string States(int count) => count == 1 ? "1 state" : $"{count} states";

    public static string BackTo => "back to";

    public static string HistoryProblem(string why) => $"Its newest state is missing: {why}.";

    public static string VmCount(int count) => count == 1 ? "1 VM" : $"{count} VMs";

    public static string Space(string used, string size) => $"{used} of {size}";

    public static string SwitchLabel(string sr) => $"Protect {sr}";

    public static string Explain(Exposure exposure, string srs) => exposure switch
    {
        Exposure.None => "Protected",
        Exposure.UnprotectedSr => $"Its disks are on {srs}, which does not carry the pool's metadata: the disks may reach the other site, but nothing there knows the VM. Protect the SR.",
        Exposure.LocalDisk => $"A disk is on {srs}, local to one host: it is lost with the host. Move the disk to shared storage.",
        Exposure.LostDisk => "A disk's record is gone, so nobody knows where its data are. Scan the SR, or remove the drive.",
        Exposure.NoDisk => "It has no disk. Its record is recovered with the others', but there is no data to bring back.",
    };

    public static string Word(string health) => health switch
    {
        "healthy" => Current,
        "catching-up" => CatchingUp,
        "broken" => Broken,
        _ => NotAttached,
    };

    public static string Short(Exposure exposure) => exposure switch
    {
        Exposure.None => "Protected",
        Exposure.UnprotectedSr => "SR not protected",
        Exposure.LocalDisk => "Disk on local storage",
        Exposure.LostDisk => "Disk missing",
        Exposure.NoDisk => "No disk",
    };
}
