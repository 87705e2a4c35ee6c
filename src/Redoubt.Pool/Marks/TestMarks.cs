using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How the objects of a test failover are told from all others: keys of <c>other_config</c>, which outlive the daemon.</summary>
internal static class TestMarks
{
    /// <summary>The label of the test that an object belongs to.</summary>
    public const string Label = Marks.Test;

    /// <summary>The UUID of what an object of a test stands for.</summary>
    public const string Of = Marks.TestOf;

    /// <summary>Whether an object belongs to a test.</summary>
    public static bool IsOfTest(ImmutableSortedDictionary<string, string> otherConfig) => otherConfig.ContainsKey(Label);

    /// <summary>Whether an object stands for another in the test of a label.</summary>
    public static bool Stands(ImmutableSortedDictionary<string, string> otherConfig, string label, string of) =>
        otherConfig.GetValueOrDefault(Label) == label && otherConfig.GetValueOrDefault(Of) == of;

    /// <summary>The marks of an object of a test.</summary>
    public static ImmutableSortedDictionary<string, string> Mark(
        ImmutableSortedDictionary<string, string> otherConfig, string label, string of) =>
        otherConfig.SetItem(Label, label).SetItem(Of, of);

    /// <summary>The name of what stands for something in a test.</summary>
    public static string Name(string label, string name) => $"[{label}] {name}";

    /// <summary>Checks that a label can be read in a name.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireLabel(string label)
    {
        if (string.IsNullOrWhiteSpace(label) || label.Any(char.IsControl))
        {
            throw new XenApiException("INVALID_VALUE", "label", label);
        }
    }
}
