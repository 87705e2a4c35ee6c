namespace Redoubt.Recovery;

/// <summary>What is to be done next in a run.</summary>
internal abstract record RunAction
{
    private RunAction()
    {
    }

    /// <summary>Do a step.</summary>
    public sealed record Do(int Step) : RunAction;

    /// <summary>Take a step back.</summary>
    public sealed record TakeBack(int Step) : RunAction;

    /// <summary>Only write something down.</summary>
    public sealed record Note(RunEvent Event) : RunAction;

    /// <summary>Nothing, until somebody says something.</summary>
    public sealed record Rest : RunAction;
}
