using System.Text.Json;
using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>Asks axe, a checker that others wrote, whether a page can be used by everybody.</summary>
internal static class Accessibility
{
    private static readonly string Source = File.ReadAllText(
        Path.Combine(Repository.Root, "tests", "interop", "node_modules", "axe-core", "axe.min.js"));

    /// <summary>What is wrong with a page: rule, element and why, a line each.</summary>
    public static async Task<IReadOnlyList<string>> CheckAsync(IPage page)
    {
        await page.EvaluateAsync(Source + "; null");
        var found = await page.EvaluateAsync<JsonElement>(
            """
            async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
              .violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n').slice(1).join(' ')}`))
            """);
        return [.. found.EnumerateArray().Select(v => v.GetString()!)];
    }
}
