using System.ComponentModel;
using System.Diagnostics;

namespace Redoubt.Recovery;

/// <summary>
/// Runs scripts of the operator's, from the directory that is meant for their kind: a VM's metadata may name its health script, and must
/// not come by a hook.
/// </summary>
internal static class Scripts
{
    private const int OutputMax = 2000;

    /// <summary>Runs a script to its end. What it leaves in the background is its own affair.</summary>
    /// <param name="scope">The step.</param>
    /// <param name="directory">Where scripts of its kind lie.</param>
    /// <param name="name">The script.</param>
    /// <param name="limit">How long it may take. It goes by real time, for so does the script, whatever clock the run goes by.</param>
    /// <param name="vm">The VM that it is about; null if about none.</param>
    /// <param name="arguments">What it is told.</param>
    /// <returns>Its exit code, and the end of what it wrote.</returns>
    /// <exception cref="StepFailedException">There is no such script, it can't be run, or it did not end in time.</exception>
    public static async Task<(int Code, string Output)> RunAsync(
        StepScope scope, string? directory, string name, TimeSpan limit, PlanObject? vm, IReadOnlyList<string> arguments)
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

        var start = new ProcessStartInfo(path, arguments) { WorkingDirectory = directory };
        start.Environment["REDOUBT_RUN"] = scope.State.Uuid;
        start.Environment["REDOUBT_KIND"] = scope.State.Plan.Kind.ToString().ToLowerInvariant();
        start.Environment["REDOUBT_VM"] = vm?.Uuid ?? "";
        start.Environment["REDOUBT_VM_NAME"] = vm?.Name ?? "";
        try
        {
            return await ProgramRun.RunAsync(start, OutputMax, limit, TimeProvider.System, scope.Stop) is { } ended
                ? (ended.ExitCode, EndOf((ended.Output + ended.Errors).Trim()))
                : throw new StepFailedException($"The script {name} did not end within {Moments.Write(limit)}, and was ended.");
        }
        catch (Win32Exception refused)
        {
            throw new StepFailedException($"The script {name} could not be started: {refused.Message}");
        }
    }

    private static string EndOf(string text) => text.Length <= OutputMax ? text : "…" + text[^OutputMax..];
}
