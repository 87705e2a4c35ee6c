using Redoubt.Recovery;

namespace Redoubt.Console.Parts;

/// <summary>
/// The words of a command that people copy into a shell. Names and notes come from whoever may write them, in this pool or in another's
/// metadata: none of them may be more than a word there.
/// </summary>
internal static class ShellWord
{
    /// <summary>A text as one word.</summary>
    public static string Of(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || "-_.,:/=".Contains(c, StringComparison.Ordinal))
        ? text
        : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A parameter as one word.</summary>
    public static string Of(string key, string value) => $"{Of(key)}={Of(value)}";

    /// <summary>A device configuration as words, its passwords masked: pages are looked at over shoulders.</summary>
    public static string OfDevice(IReadOnlyDictionary<string, string> config) =>
        string.Join(' ', DeviceConfigs.Mask(config).Select(c => Of($"device-config:{c.Key}", c.Value)));

    /// <summary>The same while it is typed. What is wrong with it is said when it is used; the command is not shown half.</summary>
    public static string OfDevice(Func<IReadOnlyDictionary<string, string>> read)
    {
        try
        {
            return OfDevice(read());
        }
        catch (FormatException)
        {
            return "device-config:KEY=VALUE";
        }
    }
}
