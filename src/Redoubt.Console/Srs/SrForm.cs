using System.Collections.Immutable;
using System.Xml;
using System.Xml.Linq;
using Redoubt.XenApi;

namespace Redoubt.Console.Srs;

/// <summary>What a form asks for each kind of storage, and the device configuration that comes of it. Pure.</summary>
internal static class SrForm
{
    /// <summary>A field of a form.</summary>
    /// <param name="Key">The key in the device configuration.</param>
    /// <param name="Field">What it is.</param>
    /// <param name="IsNeeded">Whether nothing can be made without it.</param>
    /// <param name="IsSecret">Whether it is not shown while it is typed.</param>
    public sealed record Asked(string Key, SrField Field, bool IsNeeded = true, bool IsSecret = false);

    private static readonly ImmutableDictionary<string, ImmutableArray<Asked>> Forms = new Dictionary<string, ImmutableArray<Asked>>
    {
        ["file"] = [new("location", SrField.Location)],
        ["folder"] = [new("location", SrField.Location)],
        ["iso"] = [new("location", SrField.LocationIso)],
        ["ext"] = [new("device", SrField.Device)],
        ["xfs"] = [new("device", SrField.Device)],
        ["btrfs"] = [new("device", SrField.Device)],
        ["lvm"] = [new("device", SrField.Device)],
        ["nfs"] =
        [
            new("server", SrField.Server), new("serverpath", SrField.Path), new("nfsversion", SrField.Version, IsNeeded: false),
            new("options", SrField.Options, IsNeeded: false),
        ],
        ["rbd"] =
        [
            new("monitors", SrField.Monitors), new("pool", SrField.Pool), new("user", SrField.User, IsNeeded: false),
            new("key", SrField.Key, IsSecret: true),
        ],
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>The fields of a kind of storage; null for one that has no form, whose configuration is typed.</summary>
    public static ImmutableArray<Asked>? Of(string type) => Forms.TryGetValue(type, out var fields) ? fields : null;

    /// <summary>The device configuration.</summary>
    /// <param name="fields">The form's fields.</param>
    /// <param name="typed">What was typed into them.</param>
    /// <param name="isAll">Whether all that is needed has to be there; else what is there does, as to ask what a server offers.</param>
    /// <exception cref="FormatException">Something that is needed is missing.</exception>
    public static ImmutableSortedDictionary<string, string> Read(
        ImmutableArray<Asked> fields, IReadOnlyDictionary<string, string> typed, bool isAll)
    {
        var config = ImmutableSortedDictionary<string, string>.Empty;
        foreach (var field in fields)
        {
            var value = typed.GetValueOrDefault(field.Key, "").Trim();
            if (value.Length > 0)
            {
                config = config.Add(field.Key, value);
            }
            else if (field.IsNeeded && isAll)
            {
                throw new FormatException(SrsText.FieldMissing(SrsText.Field(field.Field)));
            }
        }

        return config;
    }

    /// <summary>
    /// What a place offers where none was named yet: block devices, exports. A driver says it as XenServer's do, with its refusal.
    /// </summary>
    public static (string Key, ImmutableArray<string> Values)? OfferedBy(XenApiException refusal)
    {
        if (refusal.Parameters is not [.., var told] || !told.StartsWith('<'))
        {
            return null;
        }

        try
        {
            var offered = XElement.Parse(told);
            (string Key, IEnumerable<XElement> Found) of = offered.Name.LocalName switch
            {
                "Devlist" => ("device", offered.Descendants("path")),
                "nfs-exports" => ("serverpath", offered.Descendants("Path")),
                _ => ("", []),
            };
            return of.Key.Length == 0 ? null : (of.Key, [.. of.Found.Select(e => e.Value.Trim()).Where(v => v.Length > 0).Distinct()]);
        }
        catch (XmlException)
        {
            // It says something else, which its sentence has.
            return null;
        }
    }
}
