namespace Redoubt.Server.Console.Plans;

/// <summary>The words about tests that run by themselves.</summary>
internal static class ScheduleText
{
    public static string Title => "Tests by themselves";
    public static string Sub => "Times are UTC. A test runs with the rights of whoever made its schedule, and is cleaned up.";
    public static string None => "This plan is tested only when somebody does it.";
    public static string SaveFirst => "Save the plan first: a schedule tests a plan that is saved.";
    public static string Name => "Schedule";
    public static string When => "When (UTC)";
    public static string Next => "Next";
    public static string Last => "Last";
    public static string Never => "never due yet";
    public static string NotDue => "never again";
    public static string Often => "How often";
    public static string Day => "Every day";
    public static string Week => "Every week";
    public static string Month => "Every month";
    public static string Own => "As cron says";
    public static string Hour => "At (UTC)";
    public static string Weekday => "On";
    public static string DayOfMonth => "On day";
    public static string Cron => "Minute, hour, day, month, weekday";
    public static string Add => "Add the schedule";
    public static string Remove => "Remove";
    public static string RemoveTitle => "Remove the schedule?";
    public static string NotStarted => "Not started";
    public static string Sunday => "Sunday";
    public static string Monday => "Monday";
    public static string Tuesday => "Tuesday";
    public static string Wednesday => "Wednesday";
    public static string Thursday => "Thursday";
    public static string Friday => "Friday";
    public static string Saturday => "Saturday";

    public static string NextThree(string times) => $"Due next: {times}";

    public static string By(string who) => $"by {who}";

    public static string Missed(int times, string last) => $"Missed {times} times, last {last}";

    public static string MissedWhy => "The daemon did not run when the test was due.";

    public static string Added(string name, string next) => $"The schedule {name} is set: the next test is due {next}.";

    public static string Removed(string name) => $"The schedule {name} is removed.";

    public static string RemoveText(string name, string plan) => $"The plan {plan} is no longer tested as {name} says. Reports of its tests stay.";

    public static string RemoveOf(string name) => $"Remove: schedule {name}";

    public static string EveryOf(Often every) => every switch
    {
        Plans.Often.Day => Day,
        Plans.Often.Week => Week,
        Plans.Often.Month => Month,
        Plans.Often.Own => Own,
    };

    public static string WeekdayOf(int day) => day switch
    {
        0 => Sunday,
        1 => Monday,
        2 => Tuesday,
        3 => Wednesday,
        4 => Thursday,
        5 => Friday,
        _ => Saturday,
    };
}
