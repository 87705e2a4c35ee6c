using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>
/// Reads what a guest's agent answers. It comes from within the guest, so that everything may be missing, of another kind, or without an
/// end: what is no answer counts as none, and of what is too much the first part is taken.
/// </summary>
internal static class AgentAnswers
{
    /// <summary>libvirt takes up to 10 MB of an agent. A guest with a hundred interfaces says 50 KB.</summary>
    private const int AnswerMax = 1 << 20;

    private const int TextMax = 128;
    private const int NicsMax = 64;
    private const int AddressesMax = 16;

    /// <summary>What <c>guest-info</c>, <c>guest-get-osinfo</c> and <c>guest-network-get-interfaces</c> say together.</summary>
    internal static GuestReport Read(string? about, string? system, string? interfaces)
    {
        var version = Return(about) is { } told ? Text(told, "version") : "";
        var os = Return(system);
        var of = new GuestReport { AgentVersion = version, Nics = Return(interfaces) is { } nics ? Nics(nics) : [] };
        return os is not { } said ? of : of with
        {
            SystemName = Text(said, "pretty-name") is { Length: > 0 } pretty ? pretty : Text(said, "name"),
            SystemId = Text(said, "id"),
            SystemVersion = Text(said, "version-id"),
            Kernel = Text(said, "kernel-release"),
        };
    }

    /// <summary>What <c>guest-fsfreeze-status</c> says.</summary>
    internal static bool IsFrozen(string status) =>
        Return(status) is { ValueKind: JsonValueKind.String } said && said.ValueEquals("frozen");

    private static JsonElement? Return(string? answer)
    {
        if (answer is null or { Length: > AnswerMax })
            return null;
        try
        {
            using var document = JsonDocument.Parse(answer);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("return", out var said)
                ? said.Clone()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<GuestNic> Nics(JsonElement said) => said.ValueKind != JsonValueKind.Array ? [] :
    [
        .. from nic in said.EnumerateArray().Take(NicsMax)
        let mac = Text(nic, "hardware-address").ToLowerInvariant()
        where mac.Length > 0
        select new GuestNic(mac, Addresses(nic)),
    ];

    private static List<string> Addresses(JsonElement nic) =>
        nic.TryGetProperty("ip-addresses", out var all) && all.ValueKind == JsonValueKind.Array
            ? [.. all.EnumerateArray().Take(4 * AddressesMax).Select(a => Address(Text(a, "ip-address"))).OfType<string>().Distinct()
                .Take(AddressesMax)]
            : [];

    // What is an address is given in its one spelling, without the number of an interface, which means something in the guest only.
    private static string? Address(string text) =>
        !text.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(text, out var address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text)
            ? address.ToString()
            : null;

    private static string Text(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return "";
        try
        {
            var text = value.GetString()!;
            var line = XmlText.CleanLine(text.Length <= TextMax ? text : text[..TextMax]);

            // It comes to terminals and pages, where these would do something.
            return string.Concat(line.Where(c => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format)).Trim();
        }
        catch (InvalidOperationException)
        {
            return ""; // Half of a character.
        }
    }
}
