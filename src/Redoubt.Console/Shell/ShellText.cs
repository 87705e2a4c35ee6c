namespace Redoubt.Console.Shell;

/// <summary>The words of the frame around every page.</summary>
internal static class ShellText
{
    private static readonly Words Words = new(typeof(ShellText));

    public static string Product => Words["Product"];
    public static string Navigation => Words["Navigation"];
    public static string Pages => Words["Pages"];
    public static string Skip => Words["Skip"];
    public static string Menu => Words["Menu"];
    public static string Dashboard => Words["Dashboard"];
    public static string GroupProtect => Words["GroupProtect"];
    public static string Protection => Words["Protection"];
    public static string Vms => Words["Vms"];
    public static string Apps => Words["Apps"];
    public static string Sites => Words["Sites"];
    public static string GroupRecover => Words["GroupRecover"];
    public static string Plans => Words["Plans"];
    public static string Wizard => Words["Wizard"];
    public static string History => Words["History"];
    public static string GroupPool => Words["GroupPool"];
    public static string Storage => Words["Storage"];
    public static string Networks => Words["Networks"];
    public static string Hosts => Words["Hosts"];
    public static string Users => Words["Users"];
    public static string SwitchTheme => Words["SwitchTheme"];
    public static string SignOut => Words["SignOut"];
    public static string ToDashboard => Words["ToDashboard"];
    public static string NotFound => Words["NotFound"];
    public static string NotFoundAdvice => Words["NotFoundAdvice"];
    public static string PageFailed => Words["PageFailed"];
    public static string PageFailedAdvice => Words["PageFailedAdvice"];
    public static string Reload => Words["Reload"];
    public static string Reconnecting => Words["Reconnecting"];

    public static string RoleAt(string role, string pool) => Words.Of("RoleAt", role, pool);

    // Signing in.
    public static string SignIn => Words["SignIn"];
    public static string User => Words["User"];
    public static string Password => Words["Password"];
    public static string Pitch => Words["Pitch"];
    public static string PitchText => Words["PitchText"];
    public static string FormTooOld => Words["FormTooOld"];

    public static string ToPool(string pool) => Words.Of("ToPool", pool);
}
