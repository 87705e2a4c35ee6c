using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Every enum of the data model, those that no field has included.</summary>
internal static partial class DeclaredEnums
{
    public static IReadOnlyDictionary<string, IEnumType> All() => typeof(DataModel).Assembly.GetExportedTypes()
        .Select(type => type.GetProperty("Instance")?.GetValue(null))
        .OfType<IEnumType>()
        .ToDictionary(type => ((XenType)type).Name["enum ".Length..]);

    /// <summary>The names of those that only extensions of ours use.</summary>
    public static IEnumerable<string> OfExtensions() => Used(isExtension: true).Except(Used(isExtension: false));

    private static IEnumerable<string> Used(bool isExtension) => DataModel.Classes.Values
        .SelectMany(c => c.AllFields.Select(f => (IsExtension: f.IsExtension || c.IsExtension, Type: f.Type))
            .Concat(
                c.Messages.Values.SelectMany(
                    m => m.Parameters.Select(p => p.Type).Append(m.Result)
                        .Select(t => (IsExtension: m.IsExtension || c.IsExtension, Type: t)))))
        .Where(use => use.IsExtension == isExtension)
        .SelectMany(use => EnumName().Matches(use.Type.Name).Select(m => m.Groups["name"].Value))
        .Distinct();

    [GeneratedRegex(@"\benum (?<name>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex EnumName();
}
