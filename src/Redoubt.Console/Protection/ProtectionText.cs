using Redoubt.Desk;

namespace Redoubt.Console.Protection;

/// <summary>The words about protection.</summary>
internal static class ProtectionText
{
    private static readonly Words Words = new(typeof(ProtectionText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string Storage => Words["Storage"];
    public static string Name => Words["Name"];
    public static string Protected => Words["Protected"];
    public static string State => Words["State"];
    public static string History => Words["History"];
    public static string Used => Words["Used"];
    public static string Shared => Words["Shared"];
    public static string Local => Words["Local"];
    public static string ForRecovery => Words["ForRecovery"];
    public static string Detached => Words["Detached"];
    public static string NotProtected => Words["NotProtected"];
    public static string Current => Words["Current"];
    public static string CatchingUp => Words["CatchingUp"];
    public static string Broken => Words["Broken"];
    public static string Superseded => Words["Superseded"];
    public static string NotAttached => Words["NotAttached"];
    public static string NotAble => Words["NotAble"];
    public static string NotAttachedAdvice => Words["NotAttachedAdvice"];
    public static string ForRecoveryAdvice => Words["ForRecoveryAdvice"];
    public static string NoSr => Words["NoSr"];
    public static string NoSrAdvice => Words["NoSrAdvice"];
    public static string ExposedTitle => Words["ExposedTitle"];
    public static string AllSafe => Words["AllSafe"];
    public static string AllSafeText => Words["AllSafeText"];
    public static string NoVms => Words["NoVms"];
    public static string NoVmsText => Words["NoVmsText"];
    public static string Vm => Words["Vm"];
    public static string Why => Words["Why"];
    public static string Disks => Words["Disks"];
    public static string StopTitle => Words["StopTitle"];
    public static string Stop => Words["Stop"];
    public static string OpenVolume => Words["OpenVolume"];

    public static string StopText(string sr) =>
        Words.Of("StopText", sr);

    public static string Enabled(string sr) => Words.Of("Enabled", sr);

    public static string Disabled(string sr) => Words.Of("Disabled", sr);

    public static string Behind(long changes) => changes == 1 ? Words["Behind_One"] : Words.Of("Behind_Many", changes);

    public static string States(int count) => count == 1 ? Words["States_One"] : Words.Of("States_Many", count);

    public static string BackTo => Words["BackTo"];

    public static string HistoryProblem(string why) => Words.Of("HistoryProblem", why);

    public static string VmCount(int count) => count == 1 ? Words["VmCount_One"] : Words.Of("VmCount_Many", count);

    public static string Space(string used, string size) => Words.Of("Space", used, size);

    public static string SwitchLabel(string sr) => Words.Of("SwitchLabel", sr);

    public static string Explain(Exposure exposure, string srs) => exposure switch
    {
        Exposure.None => Words["Explain_None"],
        Exposure.UnprotectedSr => Words.Of("Explain_UnprotectedSr", srs),
        Exposure.LocalDisk => Words.Of("Explain_LocalDisk", srs),
        Exposure.LostDisk => Words["Explain_LostDisk"],
        Exposure.NoDisk => Words["Explain_NoDisk"],
    };

    public static string Word(string health) => health switch
    {
        "healthy" => Current,
        "catching-up" => CatchingUp,
        "broken" => Broken,
        "superseded" => Superseded,
        _ => NotAttached,
    };

    public static string Short(Exposure exposure) => exposure switch
    {
        Exposure.None => Words["Short_None"],
        Exposure.UnprotectedSr => Words["Short_UnprotectedSr"],
        Exposure.LocalDisk => Words["Short_LocalDisk"],
        Exposure.LostDisk => Words["Short_LostDisk"],
        Exposure.NoDisk => Words["Short_NoDisk"],
    };
}
