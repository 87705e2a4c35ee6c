namespace Redoubt.Server.Console.Dashboard;

/// <summary>The words of the dashboard.</summary>
internal static class DashboardText
{
    public static string Title => "Dashboard";
    public static string ThisSite => "This site";
    public static string OtherSite => "Other site";
    public static string NoOtherSite => "No other site named";
    public static string NoOtherSiteText => "The storage alone suffices to recover. Naming the other pool lets Redoubt ask it, shut its VMs down and fail back.";
    public static string AddSite => "Add a site";
    public static string FlowCurrent => "Metadata current";
    public static string FlowBroken => "Metadata not being written";
    public static string FlowBehind => "Metadata catching up";
    public static string FlowNone => "Nothing is protected yet";
    public static string Protected => "VMs protected";
    public static string Unprotected => "VMs unprotected";
    public static string Plans => "Recovery plans";
    public static string LastTest => "Last successful test";
    public static string NeverTested => "Never";
    public static string Issues => "What needs attention";
    public static string AllWell => "All is well";
    public static string AllWellText => "Every VM is protected, every copy of the metadata is current, and every saved plan has passed its test. Whether the other sites answer is on the page Sites.";
    public static string Freshness => "Metadata on protected storage";
    public static string NoProtected => "No SR is protected";
    public static string NoProtectedText => "Protect the SRs that are replicated to the other site; from then on they carry everything that a recovery needs.";
    public static string ToProtection => "Choose what to protect";
    public static string Runs => "Latest runs";
    public static string NoRuns => "No recovery has been run";
    public static string NoRunsText => "Start with a test failover: it boots copies beside what runs, in a network of their own, and removes them afterwards.";
    public static string ToWizard => "Test a failover";
    public static string Messages => "Messages of the pool";
    public static string Look => "Look at it";
    public static string Attach => "Attach";
    public static string Protect => "Protect";
    public static string Which => "Which ones?";
    public static string OpenWizard => "Open the wizard";
    public static string Sr => "SR";
    public static string State => "State";
    public static string Lag => "Behind";
    public static string NotBehind => "nothing";
    public static string Mended => "Done.";

    public static string NoPlans => "None saved yet";
    public static string AllTested => "All tested";
    public static string Fresh => "Not overdue";
    public static string Overdue => "Test overdue";
    public static string OpenRun => "Open the run";

    public static string Times(int count) => $"{count} times, the last:";

    public static string Untested(int count) => count == 1 ? "1 never tested" : $"{count} never tested";

    public static string RunTitle(string kind, bool waits) => waits ? $"A run waits for you: {kind}" : $"A run was interrupted: {kind}";

    public static string RunText(bool waits) => waits ? "It goes on as soon as its question is answered." : "Nothing is lost: resume it, or undo what it has done.";

    public static string PausedTitle(string kind) => $"A run is paused: {kind}";

    public static string PausedText => "It begins nothing more until somebody resumes, cancels or undoes it.";

    public static string PoolAt(string pool, string address) => $"Pool {pool} at {address}.";

    public static string AllSites(int count) => count == 1 ? "Details" : $"All {count} sites";

    public static string BrokenTitle(string sr) => $"The metadata on {sr} is not being written";

    public static string BrokenText(long behind, string reason) => $"{ProtectionBehind(behind)}: {reason} The pool goes on, and tries again by itself; a disaster now would lose those changes.";

    public static string DetachedTitle(string sr) => $"{sr} is not attached";

    public static string DetachedText(int vms) => vms == 0 ? "Its copy of the metadata grows old."
        : vms == 1 ? "1 VM can't start without it, and its copy of the metadata grows old."
        : $"{vms} VMs can't start without it, and its copy of the metadata grows old.";

    public static string UnprotectedTitle(string sr) => $"{sr} is not protected";

    public static string UnprotectedText(int vms) => vms == 1
        ? "1 VM has disks there. They may reach the other site, but nothing there would know the VM."
        : $"{vms} VMs have disks there. They may reach the other site, but nothing there would know the VMs.";

    public static string ExposedTitle(int vms) => vms == 1 ? "1 VM is not protected" : $"{vms} VMs are not protected";

    public static string PlanUnreadable => "A saved plan can't be read";

    public static string UntestedText => "Only a test shows whether it would work.";

    public static string UntestedTitle(string plan) => $"The plan {plan} has not been tested as it is";

    public static string TestFailedTitle(string plan) => $"The last test of the plan {plan} did not succeed";

    public static string TestFailedText => "A recovery by this plan would meet the same.";

    public static string TestOldTitle(string plan, int days) => $"The last test of the plan {plan} was {days} days ago";

    public static string ScheduleTitle(string schedule) => $"The scheduled test {schedule} has not been run";

    public static string MissedText(int times) => times == 1 ? "It was missed once, because the daemon did not run." : $"It was missed {times} times, because the daemon did not run.";

    public static string BehindTitle(string sr, string state) => $"The metadata on {sr} are not current: {state}";

    public static string BehindText(long behind, string reason) => $"{ProtectionBehind(behind)}. {reason}".TrimEnd();

    public static string UnableTitle(string sr) => $"{sr} does not carry this pool's metadata";

    public static string UnableText(int vms) => vms == 1
        ? "1 VM has disks there, and this kind of storage can't hold metadata. Move the disks to storage that can."
        : $"{vms} VMs have disks there, and this kind of storage can't hold metadata. Move the disks to storage that can.";

    public static string ForRecoveryText(int vms) => vms == 1
        ? "1 VM has disks there, but the storage is attached for recovery only."
        : $"{vms} VMs have disks there, but the storage is attached for recovery only.";

    public static string DisklessTitle(int vms) => vms == 1 ? "1 VM has no disk" : $"{vms} VMs have no disk";

    public static string DisklessText => "The record is recovered with the others', but there are no data to bring back.";

    public static string LocalTitle(int vms) => vms == 1 ? "1 VM has disks on storage of a single host" : $"{vms} VMs have disks on storage of a single host";

    public static string LocalText => "Such disks are lost with the host: no replication reaches them.";

    public static string LostTitle(int vms) => vms == 1 ? "1 VM lacks a disk" : $"{vms} VMs lack a disk";

    public static string LostText => "The disk's record is gone. Such a VM can't be recovered in full.";

    public static string ForeignTitle(string sr) => $"{sr} carries another pool's metadata";

    public static string ForeignText => "Its VMs can be recovered here.";

    public static string Hosts(int count) => count == 1 ? "1 host" : $"{count} hosts";

    public static string Vms(int count) => count == 1 ? "1 VM" : $"{count} VMs";

    public static string RunningOf(int running, int total) => $"{running} of {Vms(total)} running";

    public static string OfTotal(int total) => $"of {total}";

    public static string OnSrs(int count) => count == 1 ? "on 1 SR" : $"on {count} SRs";

    private static string ProtectionBehind(long changes) => changes == 1 ? "1 change is missing there" : $"{changes} changes are missing there";
}
