namespace Redoubt.Server.Tests.Golden;

/// <summary>One way in which our answers may differ from xapi's.</summary>
/// <param name="Line">The difference as the comparison words it; with a star at its end, the beginning of that.</param>
/// <param name="Recordings">The recordings in which it is: names without the protocol before them; none for all of them.</param>
internal sealed record Difference(string Line, params string[] Recordings)
{
    public bool IsIn(string recording) => Recordings.Length == 0 || Recordings.Contains(recording)
        || Recordings.Contains(recording[(recording.IndexOf('_', StringComparison.Ordinal) + 1)..]);

    public bool Is(string line) => Line.EndsWith('*') ? line.StartsWith(Line[..^1], StringComparison.Ordinal) : line == Line;
}
