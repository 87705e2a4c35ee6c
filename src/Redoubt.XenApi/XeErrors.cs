using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>
/// How xe tells of a failure: one line of words, then a line for each parameter. Scripts that were written for xe read them, so they are to
/// the letter; what an operator should know is said by <see cref="ErrorSentences"/> after them.
/// </summary>
public static class XeErrors
{
    private static readonly FrozenDictionary<string, (string[] Names, string Words)> Table = XeErrorTable.Text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ', 3))
        .ToFrozenDictionary(parts => parts[0], parts => (parts[1] == "-" ? [] : parts[1].Replace('~', ' ').Split(','), parts[2]));

    // What the parameters that are references are called, and the class of the object.
    private static readonly FrozenDictionary<string, string> Classes = new Dictionary<string, string>
    {
        ["vm"] = "VM",
        ["sr"] = "SR",
        ["vdi"] = "VDI",
        ["vbd"] = "VBD",
        ["VBD"] = "VBD",
        ["PBD"] = "PBD",
        ["pbd"] = "PBD",
        ["host"] = "host",
        ["network"] = "network",
        ["task"] = "task",
        ["appliance"] = "VM_appliance",
        ["pifs"] = "PIF",
        ["vifs"] = "VIF",
        ["ref"] = "VM",
    }.ToFrozenDictionary();

    /// <summary>The class of the object that a parameter refers to; null if it refers to none, or that is not known.</summary>
    public static string? ClassOf(string code, IReadOnlyList<string> parameters, int index) =>
        !parameters[index].StartsWith(RefText.Prefix, StringComparison.Ordinal) || !Table.TryGetValue(code, out var known)
            || index >= known.Names.Length ? null
        : known.Names[index] is "object" ? parameters[0]
        : Classes.GetValueOrDefault(known.Names[index]);

    /// <summary>The lines that xe prints, or none for a code that it has no words for.</summary>
    /// <param name="code">The error code.</param>
    /// <param name="parameters">Its parameters, with objects as they shall be called.</param>
    public static IReadOnlyList<string> Lines(string code, IReadOnlyList<string> parameters)
    {
        if (!Table.TryGetValue(code, out var known))
        {
            return [];
        }

        var (names, words) = known;
        var count = Math.Max(names.Length, parameters.Count);
        return
        [
            words,
            .. Enumerable.Range(0, count).Select(
                i => $"{(i < names.Length ? names[i] : "<extra>")}: {(i < parameters.Count ? parameters[i] : "<unknown>")}"),
        ];
    }
}
