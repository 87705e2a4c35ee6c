namespace Redoubt.Console.Parts;

/// <summary>
/// Asks before something is done that can't be taken back by another click; one question at a time, before everything else.
/// </summary>
public sealed class Confirmations
{
    private TaskCompletionSource<bool>? _answer;

    /// <summary>A question is to be shown, or none any more.</summary>
    internal event Action? Changed;

    /// <summary>What is asked now; null for nothing.</summary>
    internal Confirmation? Open { get; private set; }

    /// <summary>Asks, and answers whether it shall be done. Another question in its place means no.</summary>
    public Task<bool> AskAsync(Confirmation question)
    {
        Answer(false);
        (Open, _answer) = (question, new(TaskCreationOptions.RunContinuationsAsynchronously));
        Changed?.Invoke();
        return _answer.Task;
    }

    internal void Answer(bool yes)
    {
        var answered = _answer;
        (Open, _answer) = (null, null);
        answered?.TrySetResult(yes);
        Changed?.Invoke();
    }
}
