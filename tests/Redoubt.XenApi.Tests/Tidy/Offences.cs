namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>What breaks a rule, told in full: whoever broke it has to find it.</summary>
internal static class Offences
{
    public static void None(IEnumerable<string> offences)
    {
        var all = offences.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }
}
