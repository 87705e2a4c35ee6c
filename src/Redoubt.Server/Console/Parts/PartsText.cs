namespace Redoubt.Server.Console;

/// <summary>The words of what pages are built from.</summary>
internal static class PartsText
{
    public static string Fault => "That has failed for a reason of the console's own, which is in the daemon's log.";
    public static string Copy => "Copy the command";
    public static string Commands => "The same on the command line";
    public static string Dismiss => "Dismiss";
    public static string Actions => "Actions";
    public static string Cancel => "Cancel";
    public static string Back => "Back";
    public static string JustNow => "just now";
    public static string Never => "never";

    public static string NeedsRole(string needed, string has) => $"This needs the role {needed}; you have {has}.";

    public static string Outdated(string why) => $"What is shown may be out of date, since the pool could not be looked at again: {why}";

    public static string Ago(string span) => $"{span} ago";

    public static string Ahead(string span) => $"in {span}";

    public static string Seconds(long n) => n == 1 ? "1 second" : $"{n} seconds";

    public static string Minutes(long n) => n == 1 ? "1 minute" : $"{n} minutes";

    public static string Hours(long n) => n == 1 ? "1 hour" : $"{n} hours";

    public static string Days(long n) => n == 1 ? "1 day" : $"{n} days";
}
