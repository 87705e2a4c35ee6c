using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Generator;

/// <summary>
/// Reads a <c>.model</c> file. One line declares one thing; the grammar stands in <c>docs/formats/data-model.md</c>.
/// </summary>
/// <remarks>Never throws: a line that can't be read is an error of the declaration, and the lines after it are read all the same.</remarks>
internal static class DeclarationParser
{
    private static readonly string[] Kinds = { "persistent", "volatile", "value" };
    private static readonly Regex RoleName = new Regex(
        @"^(read-only|vm-operator|vm-admin|vm-power-admin|pool-operator|pool-admin|local-root)([+-]cert)?$");

    private static readonly Regex MessageLine = new Regex(
        @"^(?<ext>extension )?message (?<name>\w+)\((?<params>.*)\) -> (?<result>.+?) @ (?<role>[\w+-]+)(?<nosession> nosession)?( ! (?<errors>.*))?$");

    private static readonly Regex FieldLine = new Regex(
        @"^(?<column>\w+)\s+(?<type>.+?)\s+(?<access>RO|CO|RW|HIDDEN)(?<flags>(?!\S).*?)( = (?<default>.*))?$");

    public static ClassDeclaration Parse(string path, string text)
    {
        var declaration = new ClassDeclaration { Path = path };
        var lines = text.Split('\n');
        var summary = "";
        for (var number = 0; number < lines.Length; number++)
        {
            var line = lines[number].Trim();
            if (line.StartsWith("## "))
            {
                summary = (summary + " " + line.Substring(3)).Trim();
                continue;
            }

            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            try
            {
                ParseLine(declaration, line, number, summary);
            }
            catch (FormatException problem)
            {
                declaration.Report(number, problem.Message);
            }

            summary = "";
        }

        if (declaration.Name.Length == 0 && declaration.Errors.Count == 0)
        {
            declaration.Report(0, "the file declares no class");
        }

        return declaration;
    }

    private static void ParseLine(ClassDeclaration declaration, string line, int number, string summary)
    {
        // A field may be called "class" or "message" (not "enum", since RO and RW are values too), so the words that follow decide.
        if (Regex.IsMatch(line, @"^class \w+ \w+( [\w-]+(=\S*)?)*$") && !FieldLine.IsMatch(line)) ParseHead(declaration, line, number);
        else if (declaration.Name.Length == 0) throw new FormatException("the class line must come first: " + line);
        else if (Regex.IsMatch(line, @"^(extension )?message \w+\(")) declaration.Messages.Add(ParseMessage(line, number, summary));
        else if (summary.Length > 0) throw new FormatException("only a message has a ## before it: " + line);
        else if (Regex.IsMatch(line, @"^enum\b")) declaration.Enums.Add(ParseEnum(line, number));
        else if (FieldLine.Match(line) is { Success: true } field) declaration.Fields.Add(ParseField(field, number));
        else throw new FormatException("neither a field, an enum nor a message: " + line);
    }

    private static void ParseHead(ClassDeclaration declaration, string line, int number)
    {
        if (declaration.Name.Length > 0)
        {
            throw new FormatException("a second class in one file: " + line);
        }

        var words = line.Split(' ');
        (declaration.Name, declaration.Kind, declaration.Line) = (words[1], words[2], number);
        if (!Kinds.Contains(words[2]))
        {
            throw new FormatException($"'{words[2]}' is none of {string.Join(", ", Kinds)}");
        }

        foreach (var word in words.Skip(3))
        {
            if (word.StartsWith("get=")) declaration.GetRole = RoleOf(word);
            else if (word.StartsWith("set=")) declaration.SetRole = RoleOf(word);
            else if (word.StartsWith("create=")) declaration.CreateRole = RoleOf(word);
            else if (word.StartsWith("destroy=")) declaration.DestroyRole = RoleOf(word);
            else if (word == "record") declaration.HasRecord = true;
            else if (word == "all") declaration.HasAll = true;
            else if (word == "extension") declaration.IsExtension = true;
            else throw new FormatException($"unknown word '{word}'");
        }
    }

    private static EnumDeclaration ParseEnum(string line, int number)
    {
        var words = line.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || !Regex.IsMatch(words[1], @"^\w+$"))
        {
            throw new FormatException("an enum has a name and at least one value: " + line);
        }

        return new EnumDeclaration { Line = number, Name = words[1], Values = words.Skip(2).Select(w => w.Trim('"')).ToArray() };
    }

    private static FieldDeclaration ParseField(Match match, int number)
    {
        var field = new FieldDeclaration
        {
            Line = number,
            Column = match.Groups["column"].Value,
            Type = TypeParser.Parse(match.Groups["type"].Value),
            Access = match.Groups["access"].Value,
            DefaultText = match.Groups["default"].Success ? Unquote(match.Groups["default"].Value) : null,
        };
        var words = new Queue<string>(match.Groups["flags"].Value.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries));
        while (words.Count > 0)
        {
            var word = words.Dequeue();
            if (word == "volatile") field.IsVolatile = true;
            else if (word == "nocolumn") field.HasNoColumn = true;
            else if (word == "extension") field.IsExtension = true;
            else if (word.StartsWith("get=")) field.GetRole = RoleOf(word);
            else if (word.StartsWith("set=")) field.SetRole = RoleOf(word);
            else if (word.StartsWith("key:") && word.IndexOf('=') > "key:".Length) field.KeyRoles.Add(
                (word.Substring(4, word.IndexOf('=') - 4), RoleOf(word)));
            else if (word == "<-" && words.Count > 0 && words.Dequeue().Split('.') is { Length: 2 } target)
            {
                (field.RelationClass, field.RelationField) = (target[0], target[1]);
            }
            else throw new FormatException($"unknown word '{word}' after the access of {field.Column}");
        }

        return field.KeyRoles.Count == 0 || field.Type.Head == "map"
            ? field
            : throw new FormatException($"{field.Column} is no map, so it has no keys");
    }

    private static MessageDeclaration ParseMessage(string line, int number, string summary)
    {
        var match = MessageLine.Match(line);
        if (!match.Success)
        {
            throw new FormatException("not a message: " + line);
        }

        return new MessageDeclaration
        {
            Line = number,
            Name = match.Groups["name"].Value,
            Parameters = TypeParser.SplitTop(match.Groups["params"].Value).Select(ParseParameter).ToList(),
            Result = TypeParser.Parse(match.Groups["result"].Value),
            Role = Role(match.Groups["role"].Value),
            NeedsSession = !match.Groups["nosession"].Success,
            IsExtension = match.Groups["ext"].Success,
            Summary = summary,
            Errors = match.Groups["errors"].Value.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries),
        };
    }

    private static (string Name, TypeDeclaration Type) ParseParameter(string text)
    {
        var match = Regex.Match(text, @"^\s*(?<name>\w+)\s*:(?<type>.+)$");
        return match.Success
            ? (match.Groups["name"].Value, TypeParser.Parse(match.Groups["type"].Value))
            : throw new FormatException($"'{text}' is no parameter");
    }

    private static string RoleOf(string setting) => Role(setting.Substring(setting.IndexOf('=') + 1));

    private static string Role(string name) => RoleName.IsMatch(name) ? name : throw new FormatException($"'{name}' is no role");

    private static string Unquote(string text) => text.Length >= 2 && text[0] == '"' && text[text.Length - 1] == '"'
        ? text.Substring(1, text.Length - 2)
        : throw new FormatException($"the default {text} is not in double quotes");
}
