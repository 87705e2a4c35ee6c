using System.Collections.Immutable;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What a VM's record hands to its guest: the keys of <c>VM.xenstore_data</c> under <c>vm-data</c>, which is what a guest of XenServer
/// finds in its XenStore. Here each becomes an OEM string of the firmware (SMBIOS, type 11), <c>vm-data/KEY=VALUE</c>, which every
/// system can read (<c>dmidecode -t 11</c>).
/// </summary>
internal static class GuestData
{
    /// <summary>What the keys begin with.</summary>
    public const string Prefix = "vm-data/";

    /// <summary>SMBIOS counts the strings in a byte.</summary>
    private const int StringsMax = 255;

    // A table of SMBIOS 2 has less than 64 KiB with everything that the firmware itself has in it.
    private const int BytesMax = 32 << 10;

    /// <summary>Whether a value can be handed over: a line of text.</summary>
    public static bool IsMeant(string value) => value.All(c => !char.IsControl(c)) && XmlText.Clean(value) == value;

    /// <summary>Whether all of it can be.</summary>
    public static bool Fits(IReadOnlyDictionary<string, string> data) => Strings(data).Count() == Given(data).Count();

    /// <summary>The strings that a guest is given, in the order of their keys: as many as there is room for.</summary>
    public static ImmutableArray<string> Of(VmRecord vm) => [.. Strings(vm.XenstoreData)];

    private static IEnumerable<string> Strings(IReadOnlyDictionary<string, string> data)
    {
        var left = BytesMax;
        return Given(data).Take(StringsMax).TakeWhile(s => (left -= Encoding.UTF8.GetByteCount(s) + 1) >= 0);
    }

    private static IEnumerable<string> Given(IReadOnlyDictionary<string, string> data) =>
        from entry in data
        where entry.Key.StartsWith(Prefix, StringComparison.Ordinal) && IsMeant(entry.Key + entry.Value)
        orderby entry.Key
        select $"{entry.Key}={entry.Value}";
}
