using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What would start a recovered VM by itself is put aside until somebody has started it or says that it may: a VM that comes up before its
/// turn, or at two places, does more harm than one that waits. Pure; repeating either does nothing.
/// </summary>
internal static class RecoveryHold
{
    /// <summary>Where <c>other_config:auto_poweron</c> is kept meanwhile.</summary>
    public const string AutoPowerOn = Marks.HeldAutoPowerOn;

    /// <summary>Where <c>ha_restart_priority</c> is kept meanwhile.</summary>
    public const string HaRestartPriority = Marks.HeldHaRestartPriority;

    private const string AutoPowerOnKey = "auto_poweron";

    /// <summary>Puts both aside. What was put aside by an earlier recovery and never given back stays so.</summary>
    public static VmRecord Hold(VmRecord vm)
    {
        var config = vm.OtherConfig;
        if (config.TryGetValue(AutoPowerOnKey, out var automatic))
        {
            config = config.Remove(AutoPowerOnKey).SetItem(AutoPowerOn, automatic);
        }

        if (vm.HaRestartPriority.Length > 0)
        {
            config = config.SetItem(HaRestartPriority, vm.HaRestartPriority);
        }

        return vm with { OtherConfig = config, HaRestartPriority = "", HaAlwaysRun = false };
    }

    /// <summary>Gives both back; what has been set anew since counts for more.</summary>
    public static VmRecord Release(VmRecord vm)
    {
        var config = vm.OtherConfig;
        if (config.TryGetValue(AutoPowerOn, out var automatic) && !config.ContainsKey(AutoPowerOnKey))
        {
            config = config.SetItem(AutoPowerOnKey, automatic);
        }

        var priority = vm.HaRestartPriority.Length > 0 ? vm.HaRestartPriority : config.GetValueOrDefault(HaRestartPriority, "");
        return vm with { OtherConfig = Drop(vm with { OtherConfig = config }).OtherConfig, HaRestartPriority = priority };
    }

    /// <summary>Forgets what was put aside.</summary>
    public static VmRecord Drop(VmRecord vm) => vm with { OtherConfig = vm.OtherConfig.Remove(AutoPowerOn).Remove(HaRestartPriority) };
}
