namespace Redoubt.XenApi.Tests.Reference;

/// <summary>xapi's own list of permissions and the roles that have them.</summary>
internal static class RbacFile
{
    private const int FirstRole = 2;

    /// <summary>The roles of each permission, from the highest down.</summary>
    public static Dictionary<string, string> Read()
    {
        var lines = File.ReadAllLines(SharedFiles.Data(Path.Combine("genuine-24.10", "rbac.csv"))).Where(l => l.Length > 0)
            .Select(l => l.Split(',')).ToList();
        var roles = lines[0];
        return lines.Skip(1).ToDictionary(
            l => l[1],
            l => string.Join(' ', Enumerable.Range(FirstRole, l.Length - FirstRole).Where(i => l[i] == "X").Select(i => roles[i])));
    }
}
