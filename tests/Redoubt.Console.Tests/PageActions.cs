using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>What visitors do on every page.</summary>
internal static class PageActions
{
    private static readonly TimeSpan BrowserLimit = TimeSpan.FromMinutes(2);

    public static async Task SignInAsync(this IPage page, string user, string password)
    {
        await page.GetByLabel("User name").FillAsync(user);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Waits until the page does what its buttons say: until then it is a picture that came with the first answer.</summary>
    public static Task LiveAsync(this IPage page) =>
        page.Locator(".side[data-live=yes]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>
    /// Opens an address. Chromium drops what it loads when a bridge comes or goes, which other tests' guests have it do, and a moment after
    /// saying so it puts a page of its own in the place. That page is waited for: before it is there, the next attempt is told that it was
    /// interrupted, Chromium goes on with it all the same, and so it interrupts the attempt after that with the very same address.
    /// </summary>
    public static async Task<IResponse?> GoAsync(this IPage page, string address)
    {
        for (var again = 10; ; again--)
        {
            var replaced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Follow(object? sender, IFrame frame)
            {
                if (frame == page.MainFrame && frame.Url.StartsWith("chrome-error://", StringComparison.Ordinal))
                {
                    replaced.TrySetResult();
                }
            }

            page.FrameNavigated += Follow;
            try
            {
                return await page.GotoAsync(address);
            }
            catch (PlaywrightException failed) when (failed.Message.StartsWith("net::ERR_", StringComparison.Ordinal))
            {
                await replaced.Task.WaitAsync(BrowserLimit);
                if (again == 0 || !failed.Message.Contains("ERR_NETWORK_CHANGED", StringComparison.Ordinal))
                {
                    throw;
                }
            }
            finally
            {
                page.FrameNavigated -= Follow;
            }
        }
    }

    /// <summary>A page in a browser. Other than what is done on one, Chromium may take for ever to open it.</summary>
    public static Task<IPage> OpenPageAsync(this IBrowserContext context) => context.NewPageAsync().WaitAsync(BrowserLimit);

    /// <summary>Closes a browser with all its pages, which Chromium may take for ever for as well.</summary>
    public static Task EndAsync(this IBrowserContext context) => context.DisposeAsync().AsTask().WaitAsync(BrowserLimit);

    public static async Task OpenAsync(this IPage page, string path)
    {
        await page.GoAsync("/console/" + path);
        await page.LiveAsync();
    }

    public static ILocator Heading(this IPage page, string text) => page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1 });

    public static ILocator Button(this IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>Makes a picture of the page in artifacts/console-pages, where REDOUBT_PICTURES asks for them: they prove nothing, and take
    /// as much of the processor as the page does.</summary>
    public static async Task ShotAsync(this IPage page, string name, bool whole = true)
    {
        if (Environment.GetEnvironmentVariable("REDOUBT_PICTURES") is null)
        {
            return;
        }

        var directory = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "console-pages")).FullName;
        await page.ScreenshotAsync(new() { Path = Path.Combine(directory, name + ".png"), FullPage = whole });
    }
}
