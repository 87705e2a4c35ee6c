namespace Redoubt.Server.Console.Inspect;

/// <summary>The words about what a metadata volume holds.</summary>
internal static class InspectText
{
    public static string Title => "Inside the metadata";
    public static string Sub => "What a pool has written about itself, read without changing a byte.";
    public static string At => "State";
    public static string Newest => "the newest";
    public static string Gone => "There is no such volume";
    public static string Vms => "VMs";
    public static string Storage => "Storage";
    public static string Networks => "Networks";
    public static string Nothing => "none";

    public static string AndMore(int vms) => $"and {vms} more, which the command below lists";

    public static string Pool(string name) => $"Pool {name}";
}
