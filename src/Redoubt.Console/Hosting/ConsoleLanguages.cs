using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Localization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Redoubt.Console;

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
            RequestCultureProviders = [new CustomRequestCultureProvider(http => Task.FromResult<ProviderCultureResult?>(Wanted(http.Request.GetTypedHeaders().AcceptLanguage)))],
        });
    }

    /// <summary>The languages that a browser asks for, the dearest first; whoever wants that of a region takes the language too.</summary>
    internal static ProviderCultureResult? Wanted(IEnumerable<StringWithQualityHeaderValue> asked)
    {
        List<StringSegment> names = [.. asked.Where(a => a.Quality != 0).OrderByDescending(a => a.Quality ?? 1).Take(10)
            .SelectMany(a => new[] { a.Value, a.Value.Split(['-']).First() })];
        return names.Count == 0 ? null : new([CultureInfo.InvariantCulture.Name], names);
    }
}
