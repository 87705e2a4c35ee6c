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
        var text = new StringBuilder();
        text.Append($"The snapshot schedule {BriefText.OneLine(schedule.NameLabel)} has failed for {failed.Count} of its VMs.");
        foreach (var (vm, why) in failed)
        {
            text.Append($" {BriefText.OneLine(vm.NameLabel)}: {BriefText.OneLine(ErrorSentences.Of(why))}");
        }

        foreach (var (vm, why) in failed)
        {
            string[] error = why is XenApiException e ? [e.Code, .. e.Parameters] : ["INTERNAL_ERROR", why.Message];
            var words = string.Join(",", error.Select(p => $"'{BriefText.OneLine(p)}'"));
            text.Append($"\nVM:{BriefText.OneLine(vm.NameLabel)} UUID:{vm.Uuid} Error:[{words}]");
        }

        return text.ToString();
    }
}
