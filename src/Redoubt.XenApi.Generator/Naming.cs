using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Generator;

/// <summary>Turns the wire's spelling into C#'s: <c>VM_appliance</c> → <c>VmAppliance</c>, <c>VBDs</c> → <c>Vbds</c>.</summary>
internal static class Naming
{
    public static string Pascal(string wire)
    {
        var words = Regex.Split(wire, "[^A-Za-z0-9]+").Where(w => w.Length > 0).Select(Word);
        var name = string.Concat(words);
        return name.Length == 0 ? "None" : char.IsDigit(name[0]) ? "V" + name : name;
    }

    public static string RecordName(string wireClass) => Pascal(wireClass) + "Record";

    public static string ClientName(string wireClass) => Pascal(wireClass) + "Client";

    private static string Word(string word) => Regex.IsMatch(word, "^[A-Z0-9]{2,}s?$")
        ? word.Substring(0, 1) + word.Substring(1).ToLowerInvariant()
        : char.ToUpperInvariant(word[0]) + word.Substring(1);
}
