using System.Text.Json.Nodes;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute.Tests;

/// <summary>What is made of QEMU's answers about the jobs that copy a guest's disks.</summary>
public sealed class DiskCopyingTests
{
    [Fact]
    public void The_error_that_is_told_is_of_the_job_that_failed_and_not_of_those_that_it_took_along()
    {
        var copying = Answering(
            Job(0, "concluded", "Operation canceled"), Job(1, "concluded", "No space left on device"),
            Job(2, "aborting", "Operation canceled"));
        var failed = Assert.Throws<LibvirtException>(() => copying.Progress(3));
        Assert.Contains("No space left on device", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Jobs_that_somebody_broke_off_have_failed()
    {
        var failed = Assert.Throws<LibvirtException>(() => Answering(Job(0, "concluded", "Operation canceled")).Progress(1));
        Assert.Contains("Operation canceled", failed.Message, StringComparison.Ordinal);
    }

    private static DiskCopying Answering(params JsonNode[] jobs) => new((command, _, _) =>
    {
        Assert.Equal("query-jobs", command);
        return new JsonArray([.. jobs.Select(j => j.DeepClone())]);
    });

    private static JsonObject Job(int device, string status, string error) => new()
    {
        ["id"] = $"redoubt-copy-{device}",
        ["status"] = status,
        ["error"] = error,
        ["current-progress"] = 1,
        ["total-progress"] = 2,
    };
}
