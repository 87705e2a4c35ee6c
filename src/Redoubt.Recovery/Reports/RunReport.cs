namespace Redoubt.Recovery;

/// <summary>What a run was, for people and auditors.</summary>
internal sealed record RunReport
{
    public static RunReport Of(RunState state) => throw new NotSupportedException(state.Uuid);

    public string Write(ReportFormat format) => throw new NotSupportedException(format.ToString());
}
