using Redoubt.Storage.Images;
using Redoubt.Storage.Vhd;
using Redoubt.XenApi;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// The disks that XenServer keeps in a directory: <c>&lt;uuid&gt;.vhd</c>, each of which may build on another of the same directory, which
/// it names, and knows by an id. Reads only, and nothing outside of the directory.
/// </summary>
internal sealed class VhdFolder(string directory)
{
    // XenServer makes 30 at most.
    private const int DepthMax = 64;

    /// <summary>Looks at a disk and at all that it builds on, without reading content.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="VhdException">It can't be used.</exception>
    public VdiState Look(VdiFile file)
    {
        var files = Walk(file);
        files.ForEach(f => f.Handle.Dispose());
        return new()
        {
            Uuid = file.Uuid,
            Type = VdiType.User,
            Format = DiskFormat.Vhd,
            VirtualSizeBytes = files[0].Footer!.VirtualSizeBytes,
            PhysicalUtilisationBytes = files[0].Status.AllocatedBytes,
            Parent = files.Count > 1 ? files[1].File.Uuid : null,
            IsHidden = files[0].Footer!.IsHidden,
        };
    }

    /// <summary>Opens the content of a disk. What it reads is what the files were when they were opened.</summary>
    /// <inheritdoc cref="Look"/>
    public VhdChain Open(VdiFile file)
    {
        var files = Walk(file);
        try
        {
            return new([.. files.Select(f => Naming(f.File, file, f.ToLayer))]);
        }
        catch
        {
            files.ForEach(f => f.Handle.Dispose());
            throw;
        }
    }

    /// <summary>Opens the content of a disk as a stream that stands alone, made while it is read.</summary>
    /// <exception cref="XenApiException">It can't be used.</exception>
    public Stream Export(VdiFile file, DiskFormat format)
    {
        try
        {
            var chain = Open(file);
            return format switch
            {
                DiskFormat.Raw => new VhdStream(chain),
                DiskFormat.Qcow2 => new Qcow2Stream(
                    chain.VirtualSizeBytes, chain.Pieces(Qcow2Stream.ClusterBytes), (at, part) => chain.Read(at, part.Span), chain),
                DiskFormat.Vhd => throw new ArgumentException("A VHD is not made.", nameof(format)),
            };
        }
        catch (VhdException e)
        {
            throw SrFailure.Unreadable(file.Uuid, file.FullPath, e.Message);
        }
    }

    private List<VhdFile> Walk(VdiFile file)
    {
        var files = new List<VhdFile>();
        try
        {
            files.Add(VhdFile.Open(file));
            while (files[^1] is { Footer.Kind: VhdKind.Differencing, Header: { } header } child)
            {
                var parent = FindParent(child, header);
                if (files.Any(f => f.File == parent))
                    throw new VhdException($"its chain of parents leads back to {parent.FullPath}");
                if (files.Count == DepthMax)
                    throw new VhdException($"its chain of parents has more than {DepthMax} disks");
                files.Add(OpenParent(parent, file));
                if (files[^1].Footer is { } footer && footer.Id != header.ParentId)
                    throw new VhdException(
                        $"{child.File.FullPath} was made from a disk with the id {header.ParentId}, and {parent.FullPath} has the id "
                        + $"{footer.Id}: it is another disk, or was made anew");
            }

            return files;
        }
        catch
        {
            files.ForEach(f => f.Handle.Dispose());
            throw;
        }
    }

    private static VhdFile OpenParent(VdiFile parent, VdiFile of)
    {
        try
        {
            return Naming(parent, of, () => VhdFile.Open(parent));
        }
        catch (FileNotFoundException)
        {
            throw new VhdException($"it builds on {parent.FullPath}, which is not there");
        }
        catch (IOException e) when (e.HResult == Posix.Loop)
        {
            throw new VhdException($"it builds on {parent.FullPath}, which is a symbolic link and is not followed");
        }
    }

    // What is wrong with a parent is said of the disk that was asked for.
    private static T Naming<T>(VdiFile file, VdiFile of, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (VhdException e) when (file != of)
        {
            throw new VhdException($"it builds on {file.FullPath}: {e.Message}");
        }
    }

    private VdiFile FindParent(VhdFile child, VhdHeader header)
    {
        // One without an id is a raw disk, of which XenServer can take snapshots too.
        var format = header.ParentId == default ? DiskFormat.Raw : DiskFormat.Vhd;
        if (header.ParentName is { } name && VdiFile.TryParse(Path.Combine(directory, name), out var named) && named.Directory == directory)
        {
            return named.Format == format ? named : throw new VhdException(
                $"{child.File.FullPath} builds on {named.FullPath}, which is not of the format that it says ({DiskFormatName.Of(format)})");
        }

        var found = format == DiskFormat.Raw ? [] : Directory.EnumerateFiles(directory, "*.vhd").Select(IsIt).OfType<VdiFile>().ToList();
        return found switch
        {
            [var only] => only,
            [] => throw new VhdException(
                $"{child.File.FullPath} builds on a disk with the id {header.ParentId}, which is not in its directory"),
            [var one, var other, ..] => throw new VhdException(
                $"{child.File.FullPath} builds on a disk with the id {header.ParentId}, which both {one.FullPath} and "
                + $"{other.FullPath} have"),
        };

        VdiFile? IsIt(string path)
        {
            try
            {
                if (!VdiFile.TryParse(path, out var file))
                    return null;
                var open = VhdFile.Open(file);
                open.Handle.Dispose();
                return open.Footer?.Id == header.ParentId ? file : null;
            }
            catch (Exception e) when (e is VhdException or IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
