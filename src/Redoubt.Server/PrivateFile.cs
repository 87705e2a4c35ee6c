namespace Redoubt.Server;

/// <summary>Writes files that only the daemon's user may read, whole or not at all.</summary>
internal static class PrivateFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var making = path + ".new";
        File.Delete(making);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(making, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(making, path, overwrite: true);
    }
}
