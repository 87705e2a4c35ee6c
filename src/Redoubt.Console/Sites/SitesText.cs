namespace Redoubt.Console.Sites;

/// <summary>The words about other sites.</summary>
internal static class SitesText
{
    private static readonly Words Words = new(typeof(SitesText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string None => Words["None"];
    public static string NoneText => Words["NoneText"];
    public static string Name => Words["Name"];
    public static string Address => Words["Address"];
    public static string User => Words["User"];
    public static string Password => Words["Password"];
    public static string Add => Words["Add"];
    public static string AddTitle => Words["AddTitle"];
    public static string AddText => Words["AddText"];
    public static string Pool => Words["Pool"];
    public static string State => Words["State"];
    public static string Added => Words["Added"];
    public static string Answers => Words["Answers"];
    public static string Asking => Words["Asking"];
    public static string Asked => Words["Asked"];
    public static string NotAsked => Words["NotAsked"];
    public static string OpenFile => Words["OpenFile"];
    public static string Silent => Words["Silent"];
    public static string Remove => Words["Remove"];
    public static string RemoveTitle => Words["RemoveTitle"];
    public static string Again => Words["Again"];
    public static string Volumes => Words["Volumes"];
    public static string NoVolumes => Words["NoVolumes"];
    public static string NoVolumesText => Words["NoVolumesText"];
    public static string Own => Words["Own"];

    public static string RemoveText(string site) => Words.Of("RemoveText", site);

    public static string AddedSite(string site, string pool) => Words.Of("AddedSite", site, pool);

    public static string Removed(string site) => Words.Of("Removed", site);

    public static string AskedAs(string version) => Words.Of("AskedAs", version);

    public static string NotAskedBecause(string why) => Words.Of("NotAskedBecause", why);

    public static string By(string who) => Words.Of("By", who);
}
