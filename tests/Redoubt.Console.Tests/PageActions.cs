using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>What visitors do on every page.</summary>
internal static class PageActions
{
    public static async Task SignInAsync(this IPage page, string user, string password)
    {
        await page.GetByLabel("User name").FillAsync(user);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Waits until the page does what its buttons say: until then it is a picture that came with the first answer.</summary>
    public static Task LiveAsync(this IPage page) => page.Locator(".side[data-live=yes]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    public static async Task OpenAsync(this IPage page, string path)
    {
        await page.GotoAsync("/console/" + path);
        await page.LiveAsync();
    }

    public static ILocator Heading(this IPage page, string text) => page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1 });

    public static ILocator Button(this IPage page, string name) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public static async Task ShotAsync(this IPage page, string name, bool whole = true)
    {
        var directory = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "console-pages")).FullName;
        await page.ScreenshotAsync(new() { Path = Path.Combine(directory, name + ".png"), FullPage = whole });
    }
}
