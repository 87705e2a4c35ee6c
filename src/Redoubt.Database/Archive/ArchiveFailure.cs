using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>The errors that reading an archive ends with.</summary>
internal static class ArchiveFailure
{
    /// <summary>It is not what it should be.</summary>
    public static XenApiException Malformed(string what) =>
        new("IMPORT_ERROR", $"the file holds no metadata of VMs: {XmlText.Clean(what)}");

    /// <summary>It is not what it should be, for a reason that another reader found.</summary>
    public static XenApiException Malformed(Exception cause) =>
        new(cause, "IMPORT_ERROR", $"the file holds no metadata of VMs: {XmlText.Clean(cause.Message)}");
}
