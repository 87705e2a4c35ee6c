using System.ComponentModel;
using System.Diagnostics;

namespace Redoubt.Recovery;

/// <summary>Runs scripts of the operator's, from the directory that is meant for their kind: a VM's metadata may name its health script, and must not come by a hook.</summary>
internal static class Scripts
{
    private const int OutputMax = 2000;

    /// <summary>Runs a script to its end, at most for the plan's health timeout.</summary>
    /// <returns>Its exit code, and the end of what it wrote.</returns>
    /// <exception cref="StepFailedException">There is no such script, or it can't be run.</exception>
    public static async Task<(int Code, string Output)> RunAsync(StepScope scope, string? directory, string name, PlanObject? vm, IReadOnlyList<string> arguments)
    {
        if (directory is null)
        {
            throw new StepFailedException($"The script {name} can't be run: there is no directory for scripts of its kind.");
        }

        var path = Path.Combine(directory, name);
        if (name != Path.GetFileName(name) || name is "." or ".." || !File.Exists(path))
        {
            throw new StepFailedException($"There is no script {name} in {directory}. Put it there, and make it executable.");
        }

        var start = new ProcessStartInfo(path, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = directory };
        start.Environment["REDOUBT_RUN"] = scope.State.Uuid;
        start.Environment["REDOUBT_KIND"] = scope.State.Plan.Kind.ToString().ToLowerInvariant();
        start.Environment["REDOUBT_VM"] = vm?.Uuid ?? "";
        start.Environment["REDOUBT_VM_NAME"] = vm?.Name ?? "";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(scope.Stop);
        limit.CancelAfter(scope.State.Request.Policy.Limits.HealthTimeout);
        using var process = Start(start, name);
        try
        {
            process.StandardInput.Close();
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            var text = (await output + await error).Trim();
            return (process.ExitCode, text.Length <= OutputMax ? text : "…" + text[^OutputMax..]);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            scope.Stop.ThrowIfCancellationRequested();
            throw new StepFailedException($"The script {name} did not end within {Moments.Write(scope.State.Request.Policy.Limits.HealthTimeout)}, and was ended.");
        }
    }

    private static Process Start(ProcessStartInfo start, string name)
    {
        try
        {
            return Process.Start(start) ?? throw new StepFailedException($"The script {name} could not be started.");
        }
        catch (Win32Exception refused)
        {
            throw new StepFailedException($"The script {name} could not be started: {refused.Message}");
        }
    }
}
