namespace Redoubt.Recovery;

/// <summary>What a finding means for the plan.</summary>
public enum Severity
{
    /// <summary>The plan can't be run before this is dealt with.</summary>
    Block,

    /// <summary>The plan can be run; the operator should know.</summary>
    Warning,

    /// <summary>Worth knowing.</summary>
    Info,
}
