using System.Text.Json;
using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>Asks axe, a checker that others wrote, whether a page can be used by everybody.</summary>
internal static class Accessibility
{
    private static readonly string Source = File.ReadAllText(
        Path.Combine(Repository.Root, "tests", "interop", "node_modules", "axe-core", "axe.min.js"));

    private static readonly string[] All = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    private static readonly string[] Colours = ["color-contrast", "link-in-text-block"];

    /// <summary>What is wrong with a page: rule, element and why, a line each.</summary>
    /// <param name="page">The page.</param>
    /// <param name="onlyColours">Looks at nothing but the colours: for another theme of a page that has been checked.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(IPage page, bool onlyColours = false)
    {
        await page.EvaluateAsync(Source + "; null");
        var found = await page.EvaluateAsync<JsonElement>(
            """
            async rules => (await axe.run(document, { runOnly: rules }))
              .violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n').slice(1).join(' ')}`))
            """,
            onlyColours ? Colours : All);
        return [.. found.EnumerateArray().Select(v => v.GetString()!)];
    }
}
