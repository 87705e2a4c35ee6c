using System.Globalization;

namespace Redoubt.Cli.CommandLine;

/// <summary>A command's <c>key=value</c> parameters, in their order.</summary>
internal sealed class Parameters
{
    private readonly IReadOnlyList<KeyValuePair<string, string>> pairs;

    public Parameters(IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        this.pairs = pairs;
        var twice = pairs.GroupBy(p => p.Key).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            throw new UsageException($"{twice.Key}= is given twice.");
        }
    }

    public IEnumerable<KeyValuePair<string, string>> All => pairs;

    public bool Minimal => Flag("minimal");

    public string? Find(string key) => pairs.FirstOrDefault(p => p.Key == key).Value;

    public string Get(string key) => Find(key) ?? throw new UsageException($"{key}= is missing.");

    public string GetOr(string key, string otherwise) => Find(key) ?? otherwise;

    public bool Flag(string key, bool otherwise = false) => Find(key) is { } text ? ParseBool(key, text) : otherwise;

    public long? FindInt(string key) => Find(key) is { } text ? ParseInt(key, text) : null;

    public long? FindBytes(string key) => Find(key) is { } text ? ByteSize.Parse(key, text) : null;

    /// <summary>What commas part in the value of a parameter; nothing without it.</summary>
    public string[] List(string key) => GetOr(key, "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The map that is written <c>name:key=value</c>.</summary>
    public Dictionary<string, string> Map(string name) =>
        pairs.Where(p => p.Key.StartsWith(name + ":", StringComparison.Ordinal))
            .ToDictionary(p => p.Key[(name.Length + 1)..], p => p.Value);

    public static bool ParseBool(string key, string text) =>
        TryParseBool(text) ?? throw new UsageException($"{key}= must be true or false, not '{text}'.");

    /// <summary>What a word says; null if it is neither yes nor no.</summary>
    public static bool? TryParseBool(string text) => text.ToLowerInvariant() switch
    {
        "true" or "t" or "yes" or "y" or "1" => true,
        "false" or "f" or "no" or "n" or "0" => false,
        _ => null,
    };

    public static long ParseInt(string key, string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UsageException($"{key}= must be a whole number, not '{text}'.");
}
