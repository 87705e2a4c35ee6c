using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Localization;

namespace Redoubt.Server.Console;

/// <summary>The languages that the console speaks: English, and those whose resources lie beside the program.</summary>
internal static class ConsoleLanguages
{
    private static readonly CultureInfo English = CultureInfo.GetCultureInfo("en");

    /// <summary>Chooses for each request the one that the browser asks for, or English.</summary>
    public static void UseConsoleLanguages(this IApplicationBuilder app)
    {
        var resources = $"{typeof(ConsoleLanguages).Assembly.GetName().Name}.resources.dll";
        CultureInfo[] languages = [English, .. Directory.EnumerateDirectories(AppContext.BaseDirectory)
            .Where(d => File.Exists(Path.Combine(d, resources))).Select(d => CultureInfo.GetCultureInfo(Path.GetFileName(d)))];
        app.UseRequestLocalization(new RequestLocalizationOptions
        {
            // Numbers and times are written alike in all of them.
            DefaultRequestCulture = new(CultureInfo.InvariantCulture, English),
            SupportedCultures = [CultureInfo.InvariantCulture],
            SupportedUICultures = languages,
            RequestCultureProviders = [new AcceptLanguageHeaderRequestCultureProvider()],
        });
    }
}
