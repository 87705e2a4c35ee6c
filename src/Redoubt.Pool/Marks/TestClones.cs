using System.Security.Cryptography;
using System.Text;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What the clones that tests run on mean for the storage that they are clones of. Pure.</summary>
internal static class TestClones
{
    /// <summary>The key of a clone's <c>other_config</c> that says how it is made; it is there once the clone is.</summary>
    public const string Kind = Marks.TestStorage;

    /// <summary>The clone's disks build on the files of the SR.</summary>
    public const string Overlays = "overlays";

    /// <summary>The clone's disks share blocks with the SR's and depend on nothing.</summary>
    public const string Reflinks = "reflinks";

    /// <summary>
    /// The UUID of a disk's clone. It follows from the two, so that whoever comes after a crash knows which disk is which.
    /// </summary>
    public static VdiUuid DiskOf(SrRecord clone, VdiUuid disk) =>
        new(new Guid(SHA256.HashData(Encoding.ASCII.GetBytes($"{clone.Uuid} {disk}")).AsSpan(0, 16)));

    /// <summary>Checks that no test builds on an SR that is to be let go.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>, naming the test.</exception>
    public static void RequireNone(DatabaseState state, SrRecord sr)
    {
        foreach (var clone in Of(state, sr).Where(c => c.Pbds.Any(p => state.Find(p) is { CurrentlyAttached: true })))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The test {clone.OtherConfig[TestMarks.Label]} runs on disks that build on the SR {sr.NameLabel} ({sr.Uuid}). Clean that "
                    + $"test up first (its SR is {clone.Uuid}).");
        }
    }

    /// <summary>Checks that no guest of a test reads a disk that is to be written.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>, naming the test.</exception>
    public static void RequireUnread(DatabaseState state, VdiRecord vdi)
    {
        foreach (var clone in Of(state, state.Get(vdi.Sr)))
        {
            var disk = state.Find(state.FindByUuid<VdiRecord>($"{DiskOf(clone, SrRows.Uuid(vdi))}"));
            if (disk?.Vbds.Any(b => state.Find(b) is { CurrentlyAttached: true }) == true)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"The test {clone.OtherConfig[TestMarks.Label]} has a guest running on the disk {vdi.NameLabel} ({vdi.Uuid}) as it is. "
                        + "Clean that test up first.");
            }
        }
    }

    private static IEnumerable<SrRecord> Of(DatabaseState state, SrRecord sr) => state.All<SrRecord>().Select(s => s.Record)
        .Where(s => s.OtherConfig.GetValueOrDefault(TestMarks.Of) == sr.Uuid && s.OtherConfig.GetValueOrDefault(Kind) == Overlays);
}
