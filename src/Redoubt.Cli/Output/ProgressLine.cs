using System.Globalization;

namespace Redoubt.Cli.Output;

/// <summary>
/// Shows how far long work has come: on a terminal one line that is overwritten, elsewhere a plain line for every tenth. Work that is
/// done within a second shows nothing.
/// </summary>
internal sealed class ProgressLine(Terminal terminal, string label, TimeProvider time) : IProgress<double>, IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private readonly long started = time.GetTimestamp();
    private int shown = -1;

    public void Report(double value)
    {
        var percent = (int)(Math.Clamp(value, 0, 1) * 100);
        var step = terminal.IsInteractive ? percent : percent / 10 * 10;
        if (step <= shown || time.GetElapsedTime(started) < Quiet)
        {
            return;
        }

        shown = step;
        var text = string.Create(CultureInfo.InvariantCulture, $"{label}: {step}%");
        terminal.Error.Write(terminal.IsInteractive ? "\r" + text : text + "\n");
        terminal.Error.Flush();
    }

    public void Dispose()
    {
        if (terminal.IsInteractive && shown >= 0)
        {
            terminal.Error.Write("\r" + new string(' ', label.Length + 6) + "\r");
        }
    }
}
