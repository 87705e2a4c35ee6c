using System.Runtime.InteropServices;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Server.Listening;

namespace Redoubt.Cli.Serving;

/// <summary>Runs what goes on until SIGTERM or Ctrl-C.</summary>
internal static class UntilTold
{
    /// <returns>The exit code of the program.</returns>
    public static async Task<int> RunAsync(
        Terminal terminal, Func<CancellationToken, Task> serve, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            // Else the runtime ends the process before what it keeps is closed.
            signal.Cancel = true;
            stopping.Cancel();
        });
        try
        {
            await serve(stopping.Token);
            return ExitCode.Success;
        }
        catch (ServeException wrong)
        {
            terminal.ErrorLine(wrong.Message);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop while it was starting.
            return ExitCode.Success;
        }
    }
}
