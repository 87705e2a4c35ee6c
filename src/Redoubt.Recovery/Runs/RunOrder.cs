namespace Redoubt.Recovery;

/// <summary>What a person can order of a run.</summary>
public enum RunOrder
{
    /// <summary>Begin nothing new until further notice.</summary>
    Pause,

    /// <summary>Go on in the direction in which it went.</summary>
    Resume,

    /// <summary>Remove a test that is up.</summary>
    CleanUp,

    /// <summary>Stop.</summary>
    Cancel,

    /// <summary>Take back what was done.</summary>
    Undo,
}
