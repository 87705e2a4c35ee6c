using System.Text.Json.Nodes;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// The picture of a guest's screen where its QEMU may open no file of the host's: it is handed one, and the file has no name.
/// </summary>
internal static class ScreenPicture
{
    internal static Screenshot Take(LibvirtConnection connection, Guid uuid)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var writing = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        using var image = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        LentFile.Use(
            (command, arguments, file) => connection.Ask(uuid, command, arguments, file), writing,
            name => connection.Ask(uuid, "screendump", new JsonObject { ["filename"] = name }));
        using var bytes = new MemoryStream();
        image.CopyTo(bytes);
        return new Screenshot("image/x-portable-pixmap", bytes.ToArray());
    }
}
