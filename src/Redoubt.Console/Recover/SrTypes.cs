using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Console.Recover;

/// <summary>The kinds of storage that people can name.</summary>
internal static class SrTypes
{
    // A host's own drives are found by themselves.
    private const string Drives = "udev";

    /// <summary>Those that the pool has drivers for, in the order of their names.</summary>
    public static List<string> Of(DatabaseState state) =>
        [.. state.All<SmRecord>().Select(s => s.Record.Type).Where(t => t != Drives).Distinct().Order(StringComparer.Ordinal)];
}
