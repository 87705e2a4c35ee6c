namespace Redoubt.XenApi;

/// <summary>Which version of Redoubt this is.</summary>
public static class ProductVersion
{
    /// <summary>As hosts, reports of health and the command line show it: three numbers.</summary>
    public static string Current { get; } = typeof(ProductVersion).Assembly.GetName().Version!.ToString(3);
}
