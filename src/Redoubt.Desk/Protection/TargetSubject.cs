namespace Redoubt.Desk;

/// <summary>What a target is of.</summary>
public enum TargetSubject
{
    /// <summary>A saved plan.</summary>
    Plan,

    /// <summary>A vApp.</summary>
    Appliance,

    /// <summary>A VM.</summary>
    Vm,
}
