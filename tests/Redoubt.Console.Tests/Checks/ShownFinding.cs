using Microsoft.Playwright;

namespace Redoubt.Console.Tests.Checks;

/// <summary>A finding as the page shows it.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Object">The UUID of what it is about.</param>
/// <param name="Text">All words of the row.</param>
/// <param name="Look">How it is marked.</param>
/// <param name="Buttons">The words on its buttons.</param>
internal sealed record ShownFinding(string Code, string Object, string Text, string Look, string[] Buttons)
{
    private const string Read =
        """
        rows => rows.map(r => ({
          code: r.dataset.code, object: r.dataset.object, look: r.className, text: r.textContent.replace(/\s+/g, ' ').trim(),
          buttons: [...r.querySelectorAll('button')].map(b => b.textContent.trim()) }))
        """;

    /// <summary>All that are shown on the page, those included that show only when asked for.</summary>
    public static async Task<IReadOnlyList<ShownFinding>> AllAsync(IPage page)
    {
        var more = page.Locator(".findings .more button");
        while (await more.CountAsync() > 0)
        {
            var rows = page.Locator(".findings li[data-code]");
            var before = await rows.CountAsync();
            await more.First.ClickAsync();
            await Assertions.Expect(rows.Nth(before)).ToBeAttachedAsync();
        }

        return [.. (await page.Locator(".findings li[data-code]").EvaluateAllAsync<Row[]>(Read))
            .Select(r => new ShownFinding(r.Code, r.Object, r.Text, r.Look, r.Buttons))];
    }

    private sealed class Row
    {
        public string Code { get; set; } = "";

        public string Object { get; set; } = "";

        public string Text { get; set; } = "";

        public string Look { get; set; } = "";

        public string[] Buttons { get; set; } = [];
    }
}
