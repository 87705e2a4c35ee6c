namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Where roles differ from xapi's on purpose; docs/formats/api-differences.md has the reasons.</summary>
internal static class KnownRbacDifferences
{
    public static bool Contains(string difference) => false;
}
