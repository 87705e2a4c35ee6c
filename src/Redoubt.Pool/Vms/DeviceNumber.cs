using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The numbers by which drives and interfaces of a VM are told apart.</summary>
internal static class DeviceNumber
{
    /// <summary>As many drives as a VM can have, xapi's limit too.</summary>
    public const int Drives = 255;

    /// <summary>As many interfaces as a VM can have.</summary>
    public const int Interfaces = 16;

    /// <summary>
    /// The number that a <c>userdevice</c> or <c>device</c> says: <c>3</c>, or as Xen guests call it, <c>xvdd</c>, <c>hdd</c>; null if it
    /// says none.
    /// </summary>
    public static int? Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        var letters = text.StartsWith("xvd", StringComparison.Ordinal) ? text[3..]
            : text.StartsWith("hd", StringComparison.Ordinal) || text.StartsWith("sd", StringComparison.Ordinal) ? text[2..]
            : "";
        return letters.Length is 1 or 2 && letters.All(char.IsAsciiLetterLower)
            ? letters.Aggregate(0, (sum, letter) => (sum * 26) + letter - 'a' + 1) - 1
            : null;
    }

    /// <summary>The numbers below a limit that none of these devices has.</summary>
    public static IEnumerable<int> Free(IEnumerable<string> taken, int limit) =>
        Enumerable.Range(0, limit).Except(taken.Select(Parse).OfType<int>());

    /// <summary>The number for a new device: the one asked for, or the lowest free one for <c>autodetect</c>.</summary>
    /// <exception cref="XenApiException"><c>INVALID_DEVICE</c>, <c>DEVICE_ALREADY_EXISTS</c>.</exception>
    public static string Choose(string wanted, IEnumerable<string> taken, int limit)
    {
        var free = Free(taken, limit).ToList();
        if (wanted == "autodetect")
        {
            return free.Count > 0 ? $"{free[0]}" : throw new XenApiException("INVALID_DEVICE", wanted);
        }

        var number = Parse(wanted) is { } n && n < limit ? n : throw new XenApiException("INVALID_DEVICE", wanted);
        return free.Contains(number) ? wanted : throw new XenApiException("DEVICE_ALREADY_EXISTS", wanted);
    }
}
