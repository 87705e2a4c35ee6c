namespace Redoubt.Console.Plans;

/// <summary>The words about saved plans.</summary>
internal static class PlansText
{
    private static readonly Words Words = new(typeof(PlansText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string None => Words["None"];
    public static string NoneText => Words["NoneText"];
    public static string New => Words["New"];
    public static string Name => Words["Name"];
    public static string Recovers => Words["Recovers"];
    public static string Everything => Words["Everything"];
    public static string Tested => Words["Tested"];
    public static string Schedule => Words["Schedule"];
    public static string Test => Words["Test"];
    public static string Failover => Words["Failover"];
    public static string Remove => Words["Remove"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string Here => Words["Here"];
    public static string Overdue => Words["Overdue"];
    public static string Never => Words["Never"];
    public static string LookAgain => Words["LookAgain"];
    public static string Monthly => Words["Monthly"];
    public static string ToWizard => Words["ToWizard"];
    public static string ScheduleWrong => Words["ScheduleWrong"];

    public static string RemoveText(string plan) => Words.Of("RemoveText", plan);

    public static string TestedAt(string when) => Words.Of("TestedAt", when);

    public static string Of(string pool) => Words.Of("Of", pool);

    public static string Orphan(string schedule, string plan) => Words.Of("Orphan", schedule, plan);

    public static string Removed(string plan) => Words.Of("Removed", plan);

    public static string NextTest(string when) => Words.Of("NextTest", when);

    public static string Scheduled(string plan) => Words.Of("Scheduled", plan);
}
