using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// That this host goes on alone with the pool from its own copy, on the word of an operator, since the majority is gone. It lies in the
/// daemon's directory from when that is decided until the database says so; a start that finds it goes on with it.
/// </summary>
internal sealed record PoolTakeover
{
    private const string FileName = "takeover.json";

    /// <summary>The UUID of this host.</summary>
    public required string Host { get; init; }

    /// <summary>The UUIDs of the hosts that the operator takes for dead.</summary>
    public required ImmutableArray<string> Dead { get; init; }

    /// <summary>When, as what was the pool of several is named by.</summary>
    public required string At { get; init; }

    /// <summary>The one of a directory; <see langword="null"/> if there is none.</summary>
    /// <exception cref="InvalidDataException">It is garbled.</exception>
    public static PoolTakeover? Find(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (DurableFile.Read(path) is not { } content)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<PoolTakeover>(content) ?? throw new JsonException("it holds nothing");
        }
        catch (JsonException garbled)
        {
            throw new InvalidDataException(
                $"{path} is garbled ({garbled.Message.TrimEnd('.')}). Nothing was changed. Remove it, and take the pool over again.",
                garbled);
        }
    }

    /// <summary>Keeps it; durable when this returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Keep(string dataDirectory) =>
        DurableFile.Write(Path.Combine(dataDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>Removes it: the database says it now.</summary>
    /// <exception cref="IOException">It can't be removed.</exception>
    public static void Done(string dataDirectory) => DurableFile.Remove(Path.Combine(dataDirectory, FileName));
}
