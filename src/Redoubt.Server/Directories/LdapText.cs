using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Redoubt.Server.Directories;

/// <summary>How LDAP spells things.</summary>
internal static class LdapText
{
    /// <summary>A value inside a filter (RFC 4515): what has a meaning there becomes its hexadecimal code.</summary>
    public static string Escape(string value)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(value))
        {
            if (b is (byte)'*' or (byte)'(' or (byte)')' or (byte)'\\' or < 0x20 or >= 0x7f)
            {
                text.Append(CultureInfo.InvariantCulture, $"\\{b:x2}");
            }
            else
            {
                text.Append((char)b);
            }
        }

        return text.ToString();
    }

    /// <summary>A Windows security identifier as people write it: <c>S-1-5-21-…</c>.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static string Sid(byte[] sid)
    {
        if (sid.Length < 8 || sid.Length != 8 + (4 * sid[1]))
        {
            throw new InvalidDataException("The directory gave a security identifier that is none.");
        }

        // The authority is big-endian, all that follows it little-endian.
        var authority =
            ((long)BinaryPrimitives.ReadUInt16BigEndian(sid.AsSpan(2)) << 32) | BinaryPrimitives.ReadUInt32BigEndian(sid.AsSpan(4));
        var parts = Enumerable.Range(0, sid[1]).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(sid.AsSpan(8 + (4 * i))));
        return string.Create(CultureInfo.InvariantCulture, $"S-{sid[0]}-{authority}-{string.Join('-', parts)}");
    }
}
