using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Generator;

/// <summary>Reads a type: <c>string</c>, <c>ref VM</c>, <c>map(string,set(ref VDI))</c>.</summary>
internal static class TypeParser
{
    private static readonly Dictionary<string, int> Applied = new Dictionary<string, int> { ["set"] = 1, ["option"] = 1, ["map"] = 2 };
    private static readonly string[] Named = { "ref", "enum", "record" };

    /// <exception cref="FormatException">It is no type.</exception>
    public static TypeDeclaration Parse(string text)
    {
        text = text.Trim();
        var open = text.IndexOf('(');
        if (open >= 0)
        {
            var head = text.Substring(0, open);
            if (!Applied.TryGetValue(head, out var count) || text[text.Length - 1] != ')')
            {
                throw new FormatException($"'{text}' is no type");
            }

            var arguments = SplitTop(text.Substring(open + 1, text.Length - open - 2)).Select(Parse).ToArray();
            return arguments.Length == count
                ? new TypeDeclaration(head, null, arguments)
                : throw new FormatException($"'{text}' has {arguments.Length} types where '{head}' takes {count}");
        }

        var words = text.Split(' ');
        if (words.Length == 2 && words[0] == "json" && Regex.IsMatch(words[1], @"^\w+(\[\])?$"))
        {
            return new TypeDeclaration(words[0], words[1]);
        }

        if (words.Length == 2 && Named.Contains(words[0]) && Regex.IsMatch(words[1], @"^\w+$"))
        {
            return new TypeDeclaration(words[0], words[1]);
        }

        return words.Length == 1 && TypeEmitter.IsScalar(text)
            ? new TypeDeclaration(text)
            : throw new FormatException($"'{text}' is no type");
    }

    /// <summary>The parts between the commas that are in no parentheses.</summary>
    public static IEnumerable<string> SplitTop(string text)
    {
        var depth = 0;
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '(') depth++;
            else if (text[i] == ')') depth--;
            else if (text[i] == ',' && depth == 0)
            {
                yield return text.Substring(start, i - start);
                start = i + 1;
            }
        }

        if (text.Length > 0)
        {
            yield return text.Substring(start);
        }
    }
}
