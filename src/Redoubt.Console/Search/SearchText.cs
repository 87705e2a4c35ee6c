namespace Redoubt.Console.Search;

/// <summary>The words of the search.</summary>
internal static class SearchText
{
    private static readonly Words Words = new(typeof(SearchText));

    public static string Find => Words["Find"];
    public static string Keys => Words["Keys"];
    public static string What => Words["What"];
    public static string Nothing => Words["Nothing"];
    public static string Page => Words["Page"];
    public static string Plan => Words["Plan"];
    public static string VApp => Words["VApp"];
    public static string Sr => Words["Sr"];
    public static string Vm => Words["Vm"];

    public static string Found(int count) => count == 1 ? Words["Found_One"] : Words.Of("Found_Other", count);
}
