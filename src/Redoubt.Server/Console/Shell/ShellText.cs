namespace Redoubt.Server.Console.Shell;

/// <summary>The words of the frame around every page.</summary>
internal static class ShellText
{
    public static string Product => "Redoubt";
    public static string Navigation => "Navigation";
    public static string Pages => "Pages";
    public static string Skip => "Skip to the content";
    public static string Menu => "Menu";
    public static string Dashboard => "Dashboard";
    public static string GroupProtect => "Protect";
    public static string Protection => "Protection";
    public static string Apps => "vApps and VMs";
    public static string Sites => "Sites";
    public static string GroupRecover => "Recover";
    public static string Plans => "Recovery plans";
    public static string Wizard => "Recovery wizard";
    public static string History => "History";
    public static string SwitchTheme => "Switch between light and dark";
    public static string SignOut => "Sign out";
    public static string ToDashboard => "Go to the dashboard";
    public static string NotFound => "There is no such page";
    public static string NotFoundAdvice => "The address may be from an older version, or what it showed has been removed.";
    public static string PageFailed => "This page has failed.";
    public static string PageFailedAdvice => "What went wrong is in the daemon's log; the other pages go on working. If you had just ordered something, look there whether it was done.";
    public static string Reload => "Reload it";
    public static string Reconnecting => "The daemon does not answer. What runs goes on running; this page comes back as soon as it can.";

    public static string RoleAt(string role, string pool) => $"{role}, {pool}";

    // Signing in.
    public static string SignIn => "Sign in";
    public static string User => "User name";
    public static string Password => "Password";
    public static string Pitch => "The right VMs, the newest copy, in the right order.";
    public static string PitchText => "Everything that a recovery needs lies on the replicated storage. See that it is there, test it, and bring it back.";
    public static string FormTooOld => "The page was open for too long. Please try again.";

    public static string ToPool(string pool) => $"to pool {pool}";
}
