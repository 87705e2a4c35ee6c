namespace Redoubt.Server.Console.Sites;

/// <summary>The words about other sites.</summary>
internal static class SitesText
{
    public static string Title => "Sites";
    public static string Sub => "Other pools, Redoubt or genuine XenServer, that this one may ask whether a VM runs there, shut VMs down at, and come home from.";
    public static string None => "No other site is known";
    public static string NoneText => "A failover needs none. Name the other pool to plan migrations and failbacks, and to be sure that no VM runs twice.";
    public static string Name => "Name";
    public static string Address => "Address";
    public static string User => "User name there";
    public static string Password => "Password there";
    public static string Add => "Add the site";
    public static string AddTitle => "Add a site";
    public static string AddText => "Redoubt logs in once now, and from then on trusts the certificate that it sees.";
    public static string Pool => "Pool";
    public static string State => "State";
    public static string Added => "Added";
    public static string Answers => "Answers";
    public static string Asking => "Asking";
    public static string Asked => "asked";
    public static string NotAsked => "Not asked yet";
    public static string OpenFile => "Open a file or device";
    public static string Silent => "No answer";
    public static string Remove => "Remove";
    public static string RemoveTitle => "Remove the site?";
    public static string Again => "Ask again";
    public static string Volumes => "Metadata volumes";
    public static string NoVolumes => "There is no metadata volume on attached storage";
    public static string NoVolumesText => "Protect an SR, or attach replicated storage in the wizard.";
    public static string Own => "this pool";

    public static string RemoveText(string site) => $"Redoubt forgets {site} and its password. Plans that name it can't be run until it is added again.";

    public static string AddedSite(string site, string pool) => $"{site} is added: it is the pool {pool}.";

    public static string Removed(string site) => $"{site} is removed.";

    public static string AskedAs(string version) => $"{version}, asked";

    public static string NotAskedBecause(string why) => $"The sites could not be asked: {why}";

    public static string By(string who) => $"by {who}";
}
