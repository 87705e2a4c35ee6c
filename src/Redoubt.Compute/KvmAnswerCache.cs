using System.Text.Json;

namespace Redoubt.Compute;

/// <summary>
/// Remembers the answer of <see cref="KvmProbe"/>: a "yes" for as long as the host stays up with the same emulator, a "no" for ten
/// minutes, because a host that was merely too busy to answer in time must not stay slow until its next boot.
/// </summary>
internal sealed class KvmAnswerCache(string? file, string key, TimeProvider time)
{
    private static readonly TimeSpan NoLasts = TimeSpan.FromMinutes(10);

    /// <summary>The boot of the host, and the very build of the emulator.</summary>
    internal static string KeyFor(string emulatorPath)
    {
        var emulator = new FileInfo(emulatorPath);
        return $"{MachineBoot.Id()} {emulatorPath} {emulator.Length} "
            + $"{emulator.LastWriteTimeUtc:O}";
    }

    internal async Task<KvmAnswer?> ReadAsync(CancellationToken cancellationToken)
    {
        if (file is null || !File.Exists(file))
            return null;
        Entry? entry;
        try
        {
            entry = JsonSerializer.Deserialize<Entry>(await File.ReadAllTextAsync(file, cancellationToken));
        }
        catch (JsonException)
        {
            return null; // Torn by a crash while it was written; asking again mends it.
        }

        if (entry is null || entry.Key != key)
            return null;
        var fresh = entry.Works || (time.GetUtcNow() - entry.Asked) is { Ticks: >= 0 } age && age < NoLasts;
        return fresh ? new KvmAnswer(entry.Works, entry.Reason) : null;
    }

    internal async Task WriteAsync(KvmAnswer answer, CancellationToken cancellationToken)
    {
        if (file is not null)
            await File.WriteAllTextAsync(
                file, JsonSerializer.Serialize(new Entry(key, answer.Works, answer.Reason, time.GetUtcNow())), cancellationToken);
    }

    private sealed record Entry(string Key, bool Works, string Reason, DateTimeOffset Asked);
}
