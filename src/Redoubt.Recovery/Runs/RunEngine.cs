namespace Redoubt.Recovery;

/// <summary>Carries out plans.</summary>
public sealed class RunEngine : IAsyncDisposable
{
    /// <summary>Opens the journal. Runs that a dead daemon left behind are interrupted; tests among them are cleaned up.</summary>
    public static Task<RunEngine> OpenAsync(RunEngineConfig config, TimeProvider time, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Starts a run and answers its UUID as soon as that is in the journal.</summary>
    /// <exception cref="RunRefusedException">The plan is blocked, or another run has some of the VMs.</exception>
    public Task<string> StartAsync(RecoveryRequest request, RecoveryPlan plan, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>All runs, the newest first.</summary>
    public IReadOnlyList<RunSummary> List() => throw new NotSupportedException();

    /// <summary>A run, or null if there is none of that UUID.</summary>
    public RunRecord? Find(string uuid) => throw new NotSupportedException();

    /// <summary>The run's latest state now if its revision is past the given one, and then at each change; states in between may be left out. Ends with a final phase.</summary>
    /// <exception cref="RunRefusedException">There is no such run.</exception>
    public IAsyncEnumerable<RunRecord> WatchAsync(string uuid, long afterRevision, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Goes on with an interrupted run.</summary>
    public Task ResumeAsync(string uuid, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Takes a run back.</summary>
    public Task UndoAsync(string uuid, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Stops a run.</summary>
    public Task CancelAsync(string uuid, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Answers the run's question.</summary>
    public Task AnswerAsync(string uuid, string answer, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Removes a test that was left up.</summary>
    public Task CleanUpTestAsync(string uuid, string by, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>The run's report.</summary>
    public string Report(string uuid, ReportFormat format) => throw new NotSupportedException();

    /// <summary>Stops runs where they are; they are interrupted when the journal is opened again.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
