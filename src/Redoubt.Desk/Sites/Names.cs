using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>What sites, plans and schedules may be called.</summary>
internal static class Names
{
    private const int Longest = 64;

    /// <summary>Refuses a name that could not be typed on a command line as it is.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void Require(string what, string name)
    {
        if (name.Length is 0 or > Longest || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            || name[0] is '-' or '.')
        {
            throw new XenApiException("INVALID_VALUE", what, $"{name} (a name has up to {Longest} letters, digits, '-', '_' and '.')");
        }
    }
}
