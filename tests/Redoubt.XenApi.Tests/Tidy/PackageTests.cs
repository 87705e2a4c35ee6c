using System.Xml.Linq;

namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>A version is pinned because something uses the package, by itself or through another one.</summary>
public sealed class PackageTests
{
    [Fact]
    public void Every_package_that_is_pinned_is_used()
    {
        var pinned = Named("Directory.Packages.props", "PackageVersion");
        var used = SourceFiles.Roots.SelectMany(r => SourceFiles.Below(r, ".csproj", ".props")).Append("Directory.Build.props")
            .SelectMany(f => Named(f, "PackageReference"));
        var locks = string.Concat(SourceFiles.Roots.SelectMany(r => SourceFiles.Below(r, ".json"))
            .Where(f => Path.GetFileName(f) == "packages.lock.json").Select(SourceFiles.Read));
        Offences.None(pinned.Except(used).Where(p => !locks.Contains($"\"{p}\": {{", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Named(string file, string element) =>
        XDocument.Parse(SourceFiles.Read(file)).Descendants(element).Select(p => p.Attribute("Include")!.Value);
}
