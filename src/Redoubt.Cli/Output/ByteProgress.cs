namespace Redoubt.Cli.Output;

/// <summary>
/// Shows bytes as a part of all bytes. A qcow2 has fewer than the disk it is made from, so its part never reaches the whole.
/// </summary>
internal sealed class ByteProgress(ProgressLine line, long total) : IProgress<long>
{
    public void Report(long value) => line.Report(total == 0 ? 1 : (double)value / total);
}
