using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

/// <summary>A pool database on real journal files in a directory of its own.</summary>
internal sealed class TestPool : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-db-").FullName;

    public PoolDatabase Database { get; private set; } = null!;

    public string LocalPath => Path.Combine(_directory, "pool.journal");

    public static async Task<TestPool> OpenAsync(ILogger<PoolDatabase>? log = null, Meter? meter = null)
    {
        var pool = new TestPool();
        pool.Database = await PoolDatabase.OpenAsync(
            DatabaseState.Empty,
            new LiveJournal("local", pool.Make("pool.journal"), null, TimeProvider.System),
            TimeProvider.System, Guid.NewGuid,
            log: log, meter: meter);
        return pool;
    }

    public string Make(string name)
    {
        var path = Path.Combine(_directory, name);
        using var device = JournalDevice.Create(path, JournalLayout.LocalVolumeBytes);
        JournalWriter.Initialise(device);
        return path;
    }

    /// <summary>What a reader finds in a journal now: what would be left if the power went.</summary>
    public static DatabaseState Read(string path) => JournalReader.Read(path) switch
    {
        JournalVerdict.Intact intact => StateDump.FromDump(intact.Content.Database),
        var other => throw new Xunit.Sdk.XunitException($"{path}: {other}"),
    };

    public static string? Differences(DatabaseState a, DatabaseState b) => DataModel.Classes.Values
        .Where(c => c.Kind == ClassKind.Persistent)
        .SelectMany(c => a.Table(c).Rows.Concat(b.Table(c).Rows).Select(r => r.Ref).Distinct().Select(r => (c, r)))
        .Select(p => (p.c, p.r, A: a.Table(p.c).Find(p.r)?.Record, B: b.Table(p.c).Find(p.r)?.Record))
        .Where(p => p.A is null || p.B is null || p.c.AllFields.Any(f => !f.IsVolatile && !f.AreEqual(p.A, p.B)))
        .Select(p => $"{p.c} {p.r}: {p.A} / {p.B}").FirstOrDefault();

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
