using Redoubt.Recovery;

namespace Redoubt.Console.Runs;

/// <summary>How the console orders something of a run.</summary>
internal static class RunOrders
{
    /// <summary>The message of the API.</summary>
    public static string Message(RunOrder order) => order switch
    {
        RunOrder.Pause => "recovery.pause",
        RunOrder.Resume => "recovery.resume",
        RunOrder.CleanUp => "recovery.clean_up_test",
        RunOrder.Cancel => "recovery.cancel",
        RunOrder.Undo => "recovery.undo",
    };

    /// <summary>The equivalent command.</summary>
    public static string Command(RunOrder order, string run) => order switch
    {
        RunOrder.Pause => $"redoubt dr-run-pause uuid={run}",
        RunOrder.Resume => $"redoubt dr-run-resume uuid={run}",
        RunOrder.CleanUp => $"redoubt dr-test-cleanup uuid={run}",
        RunOrder.Cancel => $"redoubt dr-run-cancel uuid={run}",
        RunOrder.Undo => $"redoubt dr-run-undo uuid={run}",
    };

    /// <summary>What is asked before; null where another click takes it back, or nothing is lost by it.</summary>
    public static (string Title, string Text)? Question(RunOrder order) => order switch
    {
        RunOrder.Cancel => (RunsText.CancelTitle, RunsText.CancelText),
        RunOrder.Undo => (RunsText.UndoTitle, RunsText.UndoText),
        RunOrder.Pause or RunOrder.Resume or RunOrder.CleanUp => null,
    };

    public static string Icon(RunOrder order) => order switch
    {
        RunOrder.Pause => "pause",
        RunOrder.Resume => "play",
        RunOrder.CleanUp => "trash",
        RunOrder.Cancel => "close",
        RunOrder.Undo => "undo",
    };
}
