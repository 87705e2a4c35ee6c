using System.Globalization;
using System.Text.RegularExpressions;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>Holds a value's text against the encoding that xapi's own writer uses for its type.</summary>
internal sealed partial class StrictValue(XapiSchema schema)
{
    public void Check(string type, string text, string where)
    {
        if (type.EndsWith(" set", StringComparison.Ordinal))
        {
            DemandException.Unless(Set().IsMatch(text), $"{where}: '{text}' is not a list of single-quoted strings, one space apart");
            foreach (Match item in Quoted().Matches(text))
            {
                Check(type[..^4], Plain(item), where);
            }
        }
        else if (Map().Match(type) is { Success: true } map)
        {
            DemandException.Unless(Pairs().IsMatch(text), $"{where}: '{text}' is not a list of pairs");
            var items = Quoted().Matches(text).Select(Plain).ToList();
            for (var i = 0; i < items.Count; i += 2)
            {
                DemandException.Unless(items[i].Length > 0, $"{where}: a map has an empty key");
                Check(map.Groups["key"].Value, items[i], where);
                Check(map.Groups["value"].Value, items[i + 1], where);
            }
        }
        else
        {
            DemandException.Unless(IsScalar(type, text), $"{where}: '{text}' is no {type}");
        }
    }

    private bool IsScalar(string type, string text) => type switch
    {
        "string" => true,
        "bool" => text is "true" or "false",
        "int" => Int().IsMatch(text),
        "float" => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) || text is "inf" or "-inf" or "nan",
        "datetime" => Date().IsMatch(text),
        _ when type.EndsWith(" ref", StringComparison.Ordinal) =>
            text.Length == 0 || text.StartsWith("OpaqueRef:", StringComparison.Ordinal),
        _ when type.StartsWith("enum ", StringComparison.Ordinal) => schema.IsName(type[5..], text),
        _ => throw new DemandException($"there is no column of type {type}"),
    };

    private static string Plain(Match quoted) => Escape().Replace(quoted.Groups["text"].Value, "${c}");

    [GeneratedRegex(@"^\(('([^'\\]|\\['\\""])*'( '([^'\\]|\\['\\""])*')*)?\)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Set();

    [GeneratedRegex(
        @"^\((\('([^'\\]|\\['\\""])*' '([^'\\]|\\['\\""])*'\)( \('([^'\\]|\\['\\""])*' '([^'\\]|\\['\\""])*'\))*)?\)$",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Pairs();

    [GeneratedRegex(@"'(?<text>([^'\\]|\\['\\""])*)'", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\\(?<c>['\\""])", RegexOptions.ExplicitCapture)]
    private static partial Regex Escape();

    [GeneratedRegex(@"^\((?<key>.+) -> (?<value>.+)\) map$", RegexOptions.ExplicitCapture)]
    private static partial Regex Map();

    [GeneratedRegex(@"^-?[0-9]+$")]
    private static partial Regex Int();

    [GeneratedRegex(@"^[0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    private static partial Regex Date();
}
