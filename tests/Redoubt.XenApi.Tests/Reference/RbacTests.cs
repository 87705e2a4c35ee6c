namespace Redoubt.XenApi.Tests.Reference;

public sealed class RbacTests
{
    [Fact]
    public void Who_may_do_what_is_as_in_xapi_except_for_the_differences_we_know()
    {
        var theirs = RbacFile.Read();
        var ours = Permission.All.Values.ToDictionary(p => p.Name, p => string.Join(' ', RoleNames.Of(p.Roles)));
        var differences = new List<string>();
        foreach (var (name, roles) in theirs.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (!ours.TryGetValue(name, out var declared))
            {
                differences.Add($"{name}: missing ({roles})");
            }
            else if (declared != roles)
            {
                differences.Add($"{name}: is <{roles}>, declared <{declared}>");
            }
        }

        differences.AddRange(
            ours.Keys.Except(theirs.Keys).Where(n => !IsExtension(n)).Order(StringComparer.Ordinal)
                .Select(n => $"{n}: declared, but xapi has none ({ours[n]})"));
        var known = new KnownRbacDifferences(SharedFiles.Reference("xenapi.json"));
        var unknown = differences.Where(d => !known.Contains(d)).ToList();
        Assert.True(unknown.Count == 0, $"{unknown.Count} differences from rbac.csv:\n{string.Join('\n', unknown)}");
    }

    private static bool IsExtension(string name) =>
        DataModel.FindMessage(name.Split('/')[0]) is (_, { IsExtension: true }) or ({ IsExtension: true }, _);
}
