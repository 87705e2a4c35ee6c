namespace Redoubt.Console.Plans;

/// <summary>The words about tests that run by themselves.</summary>
internal static class ScheduleText
{
    private static readonly Words Words = new(typeof(ScheduleText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string None => Words["None"];
    public static string SaveFirst => Words["SaveFirst"];
    public static string Name => Words["Name"];
    public static string When => Words["When"];
    public static string Next => Words["Next"];
    public static string Last => Words["Last"];
    public static string Never => Words["Never"];
    public static string NotDue => Words["NotDue"];
    public static string Often => Words["Often"];
    public static string Day => Words["Day"];
    public static string Week => Words["Week"];
    public static string Month => Words["Month"];
    public static string Own => Words["Own"];
    public static string Hour => Words["Hour"];
    public static string Weekday => Words["Weekday"];
    public static string DayOfMonth => Words["DayOfMonth"];
    public static string Cron => Words["Cron"];
    public static string Add => Words["Add"];
    public static string Remove => Words["Remove"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string NotStarted => Words["NotStarted"];
    public static string Sunday => Words["Sunday"];
    public static string Monday => Words["Monday"];
    public static string Tuesday => Words["Tuesday"];
    public static string Wednesday => Words["Wednesday"];
    public static string Thursday => Words["Thursday"];
    public static string Friday => Words["Friday"];
    public static string Saturday => Words["Saturday"];

    public static string NextThree(string times) => Words.Of("NextThree", times);

    public static string By(string who) => Words.Of("By", who);

    public static string Missed(int times, string last) => times == 1 ? Words.Of("Missed_One", last) : Words.Of("Missed_Many", times, last);

    public static string MissedWhy => Words["MissedWhy"];

    public static string Added(string name, string next) => Words.Of("Added", name, next);

    public static string Removed(string name) => Words.Of("Removed", name);

    public static string RemoveText(string name, string plan) => Words.Of("RemoveText", plan, name);

    public static string RemoveOf(string name) => Words.Of("RemoveOf", name);

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
