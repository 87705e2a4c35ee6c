using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Tables that people sort by their columns and look for rows in.</summary>
public sealed class SortedTableTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Rows_stay_sorted_and_looked_for_as_somebody_wants_them_while_others_come()
    {
        await _site.CreateUserAsync("cleo", "vm-admin");
        await _site.CreateUserAsync("Bob", "read-only");
        await _site.CreateUserAsync("ann", "pool-admin");
        var page = await _site.SignInAsync("users");
        await Expect(Names(page)).ToHaveTextAsync(["ann", "Bob", "cleo"]);
        await SortAsync(page, "Name", "descending");
        await Expect(Names(page)).ToHaveTextAsync(["cleo", "Bob", "ann"]);
        await SortAsync(page, "Role", "ascending");
        await Expect(Names(page)).ToHaveTextAsync(["ann", "cleo", "Bob"]);
        await SortAsync(page, "Role", "descending");

        var search = page.GetByLabel("Find users by name or role");
        await search.FillAsync("B");
        await Expect(Names(page)).ToHaveTextAsync(["Bob"]);
        await Expect(page.GetByText("1 of 3 users")).ToBeVisibleAsync();
        await _site.CreateUserAsync("Bea", "pool-operator");
        await _site.CreateUserAsync("dan", "pool-operator");
        await Expect(page.GetByText("2 of 5 users")).ToBeVisibleAsync();
        await Expect(Names(page)).ToHaveTextAsync(["Bob", "Bea"]);

        await search.FillAsync("nobody");
        await Expect(page.GetByText("Nothing is called like that")).ToBeVisibleAsync();
        await search.FillAsync(" ");
        await Expect(Names(page)).ToHaveTextAsync(["Bob", "cleo", "Bea", "dan", "ann"]);
    }

    private static ILocator Names(IPage page) => page.Locator("tbody td.name");

    private static async Task SortAsync(IPage page, string column, string order)
    {
        var head = page.GetByRole(AriaRole.Columnheader, new() { Name = column, Exact = true });
        await head.GetByRole(AriaRole.Button).ClickAsync();
        await Expect(head).ToHaveAttributeAsync("aria-sort", order);
    }
}
