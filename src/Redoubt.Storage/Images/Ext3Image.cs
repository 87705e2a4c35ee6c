using System.Globalization;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>
/// Makes and reads raw images of an ext3 file system with the tools of e2fsprogs, which every Linux has. Nothing is mounted, so no rights
/// are needed, and a file system made by an enemy meets a program, not the kernel.
/// </summary>
public sealed class Ext3Image(TimeProvider timeProvider)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private readonly ChildProcess _make = new(timeProvider, Tool("mke2fs"), "e2fsprogs");
    private readonly ChildProcess _read = new(timeProvider, Tool("debugfs"), "e2fsprogs");

    /// <summary>Makes an image with the content of a directory. It is sparse, and takes about 33 MiB more than its content.</summary>
    /// <param name="image">The image, which must not exist.</param>
    /// <param name="content">The directory.</param>
    /// <param name="sizeBytes">The image's size.</param>
    /// <param name="files">How many files, directories and links it must have room for.</param>
    /// <param name="cancellationToken">Ends the making; the image is then of no use.</param>
    /// <exception cref="XenApiException">The tool fails, for instance because the content does not fit.</exception>
    public async Task CreateAsync(string image, string content, long sizeBytes, long files, CancellationToken cancellationToken)
    {
        await using (var file = SparseCopy.NewFile(image))
        {
            file.SetLength(sizeBytes);
        }

        await _make.RunAsync(
            ["-q", "-F", "-t", "ext3", "-L", "pool-backup", "-E", "root_owner=0:0", "-N", files.ToString(CultureInfo.InvariantCulture), "-d", content, image],
            Limit,
            cancellationToken);
    }

    /// <summary>Lists a directory; empty if there is none of that name, or no file system.</summary>
    public async Task<IReadOnlyList<Ext3Entry>> ListAsync(string image, string directory, CancellationToken cancellationToken)
    {
        var printed = await _read.RunAsync(["-R", $"ls -p {Quoted(directory)}", image], Limit, cancellationToken);
        return [.. printed.Split('\n').Select(Parse).OfType<Ext3Entry>().Where(e => e.Name is not ("." or ".."))];
    }

    /// <summary>Copies files out of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="files">The files, and where each is to be written.</param>
    /// <param name="script">A new file for the tool's instructions.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="XenApiException">A file could not be read whole.</exception>
    public async Task ExtractAsync(
        string image, IReadOnlyCollection<(Ext3Entry File, string Target)> files, string script, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(
            script,
            string.Concat(files.Select(f => string.Create(CultureInfo.InvariantCulture, $"dump <{f.File.Inode}> {Quoted(f.Target)}\n"))),
            new UTF8Encoding(false), cancellationToken);
        await _read.RunAsync(["-f", script, image], Limit, cancellationToken);

        // The tool tells of failures only in words, so what it made is measured.
        if (files.FirstOrDefault(f => new FileInfo(f.Target) is not { Exists: true } made || made.Length != f.File.SizeBytes) is { File: { } broken })
        {
            throw SrFailure.Backend(
                SrFailure.General,
                $"The file {XmlText.Clean(broken.Name)} can't be read from the file system on the disk: it is "
                    + "damaged (e2fsck says where).");
        }
    }

    // /INODE/MODE/UID/GID/NAME/SIZE/
    private static Ext3Entry? Parse(string line) =>
        line.Split('/') is ["", var inode, var mode, _, _, { Length: > 0 } name, var size, ""]
            && long.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new(name, number, Kind(mode), long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0)
            : null;

    private static Ext3Kind Kind(string mode) => mode switch
    {
        ['1', '0', _, _, _, _] => Ext3Kind.File,
        ['0', '4', _, _, _, _] => Ext3Kind.Directory,
        _ => Ext3Kind.Other,
    };

    private static string Quoted(string path) => path.AsSpan().IndexOfAny('"', '\n') < 0
        ? $"\"{path}\""
        : throw new ArgumentException($"The tool can't take this path: {path}", nameof(path));

    // The path of an ordinary user has no directories of an administrator's tools.
    private static string Tool(string name) =>
        new[] { "/usr/sbin", "/sbin" }.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists) ?? name;
}
