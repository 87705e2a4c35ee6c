using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>What pages look like at every size, as pictures if REDOUBT_PICTURES is set, and what is wrong with them there.</summary>
internal sealed class Looks
{
    private static readonly (string Name, int Width, int Height)[] Sizes = [("phone", 390, 844), ("wide", 1680, 1000), ("desk", 1280, 800)];

    private readonly List<string> _wrong = [];

    /// <summary>
    /// Looks at a page at each size, the usual one last. What axe finds depends on the theme for its colours and on the size for its
    /// layout: it looks at desk and phone in one theme, and at the colours of the other.
    /// </summary>
    public async Task AtAsync(IPage page, string name, ColorScheme scheme)
    {
        foreach (var (size, width, height) in Sizes)
        {
            await page.SetViewportSizeAsync(width, height);
            await page.EvaluateAsync("scrollTo(0, 0)");
            var shot = $"{name}-{size}-{scheme}".ToLowerInvariant();
            await page.ShotAsync(shot);
            if (size == "desk" || (size == "phone" && scheme == ColorScheme.Light))
            {
                var found = await Accessibility.CheckAsync(page, onlyColours: scheme == ColorScheme.Dark);
                _wrong.AddRange(found.Select(w => $"{shot}: {w}"));
            }

            if (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth"))
            {
                _wrong.Add($"{shot}: wider than the screen");
            }
        }
    }

    public void RequireNothingWrong() => Assert.True(_wrong.Count == 0, string.Join('\n', _wrong));
}
