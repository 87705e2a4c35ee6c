using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What is told of VMs of which no snapshot could be taken by a schedule: a sentence for each, and after them the lines by which XenCenter
/// shows it, of VM, UUID and error. Pure.
/// </summary>
internal static class SnapshotFailure
{
    public static string Tell(VmssRecord schedule, IReadOnlyList<(VmRecord Vm, Exception Why)> failed)
    {
        var text = new StringBuilder($"The snapshot schedule {OneLine(schedule.NameLabel)} has failed for {failed.Count} of its VMs.");
        foreach (var (vm, why) in failed)
        {
            text.Append($" {OneLine(vm.NameLabel)}: {OneLine(why is XenApiException e ? ErrorSentences.Of(e) : why.Message)}");
        }

        foreach (var (vm, why) in failed)
        {
            string[] error = why is XenApiException e ? [e.Code, .. e.Parameters] : ["INTERNAL_ERROR", why.Message];
            text.Append($"\nVM:{OneLine(vm.NameLabel)} UUID:{vm.Uuid} Error:[{string.Join(",", error.Select(p => $"'{OneLine(p)}'"))}]");
        }

        return text.ToString();
    }

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
