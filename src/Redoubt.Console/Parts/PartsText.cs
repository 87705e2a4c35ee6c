namespace Redoubt.Console;

/// <summary>The words of what pages are built from.</summary>
internal static class PartsText
{
    private static readonly Words Words = new(typeof(PartsText));

    public static string Fault => Words["Fault"];
    public static string Copy => Words["Copy"];
    public static string Commands => Words["Commands"];
    public static string Dismiss => Words["Dismiss"];
    public static string Actions => Words["Actions"];
    public static string Cancel => Words["Cancel"];
    public static string Save => Words["Save"];
    public static string ActOn(string act, string name) => Words.Of("ActOn", act, name);
    public static string NoneFound => Words["NoneFound"];
    public static string Back => Words["Back"];
    public static string JustNow => Words["JustNow"];
    public static string Never => Words["Never"];

    public static string NeedsRole(string needed, string has) => Words.Of("NeedsRole", needed, has);

    public static string Outdated(string why) => Words.Of("Outdated", why);

    public static string Ago(string span) => Words.Of("Ago", span);

    public static string AfterNow(string span) => Words.Of("AfterNow", span);

    public static string Ahead(string span) => Words.Of("Ahead", span);

    public static string Seconds(long n) => n == 1 ? Words["Seconds_One"] : Words.Of("Seconds_Many", n);

    public static string Minutes(long n) => n == 1 ? Words["Minutes_One"] : Words.Of("Minutes_Many", n);

    public static string Hours(long n) => n == 1 ? Words["Hours_One"] : Words.Of("Hours_Many", n);

    public static string Days(long n) => n == 1 ? Words["Days_One"] : Words.Of("Days_Many", n);
    public static string NoVms => Words["NoVms"];
    public static string AndMore(int n) => Words.Of("AndMore", n);
    public static string AddSite => Words["AddSite"];

    public static string TypeToConfirm(string word) => Words.Of("TypeToConfirm", word);

    public static string Vms(int count) => count == 1 ? Words["Vms_One"] : Words.Of("Vms_Many", count);
}
