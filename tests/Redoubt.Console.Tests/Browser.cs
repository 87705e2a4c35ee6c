using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>
/// Debian's Chromium, started once for all tests: the build without windows, which takes half the processor time of the one that has them
/// and hides them, and closes pages that are just going elsewhere.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright? _playwright;

    public IBrowser Chromium { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        // A machine that does two things at once may take longer than the five seconds that are usual.
        Assertions.SetDefaultExpectTimeout(60_000);
        _playwright = await Playwright.CreateAsync();
        Chromium = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium-headless-shell",
            Args = ["--no-sandbox", "--font-render-hinting=none"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Chromium.DisposeAsync();
        _playwright?.Dispose();
    }
}
