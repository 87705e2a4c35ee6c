namespace Redoubt.Recovery;

/// <summary>What recovered VMs do afterwards.</summary>
public enum PowerStateAfter
{
    /// <summary>They run.</summary>
    Start,

    /// <summary>They are started, and paused before their first instruction.</summary>
    Paused,

    /// <summary>They stay off.</summary>
    Halted,
}
