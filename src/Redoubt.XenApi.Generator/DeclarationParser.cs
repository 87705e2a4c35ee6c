using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Generator;

/// <summary>
/// Reads a <c>.model</c> file. One line declares one thing; the grammar stands in <c>docs/formats/data-model.md</c>.
/// </summary>
internal static class DeclarationParser
{
    private static readonly Regex MessageLine = new Regex(
        @"^(?<ext>extension )?message (?<name>\w+)\((?<params>.*)\) -> (?<result>.+?) @ (?<role>[\w+-]+)(?<nosession> nosession)?( ! (?<errors>.*))?$");

    public static ClassDeclaration Parse(string text)
    {
        var declaration = new ClassDeclaration();
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (raw.StartsWith("class ")) ParseHead(declaration, line);
            else if (line.StartsWith("enum ")) declaration.Enums.Add(ParseEnum(line));
            else if (line.StartsWith("message ") || line.StartsWith("extension message ")) declaration.Messages.Add(ParseMessage(line));
            else declaration.Fields.Add(ParseField(line));
        }

        return declaration;
    }

    private static void ParseHead(ClassDeclaration declaration, string line)
    {
        var words = line.Split(' ');
        declaration.Name = words[1];
        declaration.Kind = words[2];
        foreach (var word in words.Skip(3))
        {
            var value = word.Substring(word.IndexOf('=') + 1);
            if (word.StartsWith("get=")) declaration.GetRole = value;
            else if (word.StartsWith("set=")) declaration.SetRole = value;
            else if (word.StartsWith("create=")) declaration.CreateRole = value;
            else if (word.StartsWith("destroy=")) declaration.DestroyRole = value;
            else if (word == "record") declaration.HasRecord = true;
            else if (word == "all") declaration.HasAll = true;
            else throw new FormatException($"unknown word '{word}' in: {line}");
        }
    }

    private static (string, string[]) ParseEnum(string line)
    {
        var words = line.Split(' ');
        return (words[1], words.Skip(2).Select(w => w.Trim('"')).ToArray());
    }

    private static FieldDeclaration ParseField(string line)
    {
        var field = new FieldDeclaration();
        var equals = Regex.Match(line, @" = (?<text>.*)$");
        if (equals.Success)
        {
            field.DefaultText = Unquote(equals.Groups["text"].Value);
            line = line.Substring(0, equals.Index);
        }

        var head = Regex.Match(line, @"^(?<column>\S+)\s+(?<type>.+?)\s+(?<access>RO|CO|RW|HIDDEN)\b(?<flags>.*)$");
        if (!head.Success)
        {
            throw new FormatException("not a field: " + line);
        }

        field.Column = head.Groups["column"].Value;
        field.Type = ParseType(head.Groups["type"].Value);
        field.Access = head.Groups["access"].Value;
        var words = new Queue<string>(head.Groups["flags"].Value.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries));
        while (words.Count > 0)
        {
            var word = words.Dequeue();
            if (word == "volatile") field.IsVolatile = true;
            else if (word == "nocolumn") field.HasNoColumn = true;
            else if (word == "extension") field.IsExtension = true;
            else if (word.StartsWith("get=")) field.GetRole = word.Substring(4);
            else if (word.StartsWith("set=")) field.SetRole = word.Substring(4);
            else if (word == "<-")
            {
                var target = words.Dequeue().Split('.');
                (field.RelationClass, field.RelationField) = (target[0], target[1]);
            }
            else throw new FormatException($"unknown word '{word}' in: {line}");
        }

        return field;
    }

    private static MessageDeclaration ParseMessage(string line)
    {
        var match = MessageLine.Match(line);
        if (!match.Success)
        {
            throw new FormatException("not a message: " + line);
        }

        return new MessageDeclaration
        {
            Name = match.Groups["name"].Value,
            Parameters = SplitTop(match.Groups["params"].Value)
                .Select(p => p.Split(new[] { ':' }, 2))
                .Select(p => (p[0].Trim(), ParseType(p[1]))).ToList(),
            Result = ParseType(match.Groups["result"].Value),
            Role = match.Groups["role"].Value,
            NeedsSession = !match.Groups["nosession"].Success,
            IsExtension = match.Groups["ext"].Success,
            Errors = match.Groups["errors"].Value.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries),
        };
    }

    private static TypeDeclaration ParseType(string text)
    {
        text = text.Trim();
        var open = text.IndexOf('(');
        if (open > 0)
        {
            var arguments = SplitTop(text.Substring(open + 1, text.Length - open - 2)).Select(ParseType).ToArray();
            return new TypeDeclaration(text.Substring(0, open), null, arguments);
        }

        var space = text.IndexOf(' ');
        return space < 0 ? new TypeDeclaration(text) : new TypeDeclaration(text.Substring(0, space), text.Substring(space + 1));
    }

    private static IEnumerable<string> SplitTop(string text)
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

        if (text.Length > start)
        {
            yield return text.Substring(start);
        }
    }

    private static string Unquote(string text) =>
        text.Length >= 2 && text[0] == '"' ? text.Substring(1, text.Length - 2) : text;
}
