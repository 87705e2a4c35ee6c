using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Redoubt.Compute;

/// <summary>What libvirt's own record of a guest (<c>run/qemu/NAME.xml</c>) says of the guest's process.</summary>
/// <param name="Pid">The process; 0 as long as it was being made.</param>
/// <param name="State">A <c>virDomainState</c> in libvirt's words.</param>
/// <param name="Reason">Why it is in that state.</param>
internal sealed record GuestStatus(int Pid, string State, string Reason)
{
    /// <summary>
    /// The guest has not executed an instruction yet, and the process that was starting it is gone. libvirt ends such a guest itself as
    /// soon as it can speak with it; one without a process it lists for ever, with the start as a job that nobody ends.
    /// </summary>
    internal bool IsHalfStarted => Pid == 0 || this is { State: "paused", Reason: "starting up" };

    /// <summary>Reads a record; null: it is none that libvirt could read either.</summary>
    internal static GuestStatus? TryRead(string path)
    {
        try
        {
            using var reader = XmlReader.Create(path, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            var root = XDocument.Load(reader).Root;
            return root is { Name.LocalName: "domstatus" } && root.Element("domain") is not null
                && int.TryParse((string?)root.Attribute("pid"), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                ? new GuestStatus(pid, (string?)root.Attribute("state") ?? "", (string?)root.Attribute("reason") ?? "")
                : null;
        }
        catch (Exception unreadable) when (unreadable is XmlException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
