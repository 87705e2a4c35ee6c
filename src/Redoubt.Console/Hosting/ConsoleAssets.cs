using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace Redoubt.Console;

/// <summary>
/// The console's style sheets, scripts and fonts, which lie inside the assembly, so that they are there however the program was built
/// or copied, and without any network.
/// </summary>
internal static class ConsoleAssets
{
    private const string Prefix = "console/";
    private static readonly Assembly Holder = typeof(ConsoleAssets).Assembly;

    // Anyone may ask here, so nothing is kept that was merely asked for: only what lies in the assembly has a place.
    private static readonly FrozenDictionary<string, Lazy<Asset>> Known = Holder.GetManifestResourceNames()
        .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal)).Select(resource => resource[Prefix.Length..])
        .ToFrozenDictionary(name => name, name => new Lazy<Asset>(() => Load(name)), StringComparer.Ordinal);

    /// <summary>Changes with every build, so that browsers may keep what they have for ever.</summary>
    public static string Version { get; } = Holder.ManifestModule.ModuleVersionId.ToString("N")[..12];

    /// <summary>The address of an asset, below the console's base.</summary>
    public static string Path(string name) => $"a/{Version}/{name}";

    public static async Task SendAsync(HttpContext http, string name)
    {
        if (!Known.TryGetValue(name, out var known))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var (asset, response) = (known.Value, http.Response);
        var body = asset.Plain;
        if (asset.Packed is { } packed && http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "gzip";
            body = packed;
        }

        response.ContentType = asset.Type;
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        response.Headers.Vary = "Accept-Encoding";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static Asset Load(string name)
    {
        using var stream = Holder.GetManifestResourceStream(Prefix + name)!;
        var plain = new byte[stream.Length];
        stream.ReadExactly(plain);
        var type = System.IO.Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".woff2" => "font/woff2",
            _ => "application/octet-stream",
        };

        // Fonts are packed already.
        return new(type, plain, type.StartsWith("font", StringComparison.Ordinal) ? null : Pack(plain));
    }

    private static byte[] Pack(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }

        return packed.ToArray();
    }

    private sealed record Asset(string Type, byte[] Plain, byte[]? Packed);
}
