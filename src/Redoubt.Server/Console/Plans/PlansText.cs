namespace Redoubt.Server.Console.Plans;

/// <summary>The words about saved plans.</summary>
internal static class PlansText
{
    public static string Title => "Recovery plans";
    public static string Sub => "What to recover and how, kept in the pool's metadata: a plan travels with the storage, and is there when its site is not.";
    public static string None => "There are no plans yet";
    public static string NoneText => "Write one down here, or go through the wizard once and save what you have chosen. Then test it, and have it tested again and again.";
    public static string New => "New plan";
    public static string Name => "Plan";
    public static string Recovers => "Recovers";
    public static string Everything => "everything";
    public static string Tested => "Last successful test";
    public static string Schedule => "Tested by itself";
    public static string Test => "Test";
    public static string Failover => "Fail over";
    public static string Remove => "Remove";
    public static string RemoveTitle => "Remove the plan?";
    public static string Here => "of this pool";
    public static string Overdue => "Overdue";
    public static string Never => "Never tested";
    public static string LookAgain => "Look at the storage again";
    public static string Monthly => "Test monthly";
    public static string ToWizard => "To the wizard";
    public static string ScheduleWrong => "Look at the schedule";

    public static string RemoveText(string plan) => $"The plan {plan} is removed from the pool's metadata, and its schedules with it. Reports of its runs stay.";

    public static string TestedAt(string when) => $"Tested {when}";

    public static string Of(string pool) => $"of {pool}";

    public static string Orphan(string schedule, string plan) => $"The schedule {schedule} tests a plan {plan} that is not there.";

    public static string Removed(string plan) => $"The plan {plan} is removed.";

    public static string NextTest(string when) => $"next {when}";

    public static string Scheduled(string plan) => $"{plan} will be tested on the first of each month.";
}
