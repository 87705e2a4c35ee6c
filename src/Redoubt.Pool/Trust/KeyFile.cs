using System.Security.Cryptography;
using Redoubt.Database.Journal;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>
/// The pool's key for its metadata volumes, in the daemon's directory and nowhere else. A directory that is put together again without it
/// gets another key; the pools that know the old one then find this pool's volumes unproven until they are told the new one.
/// </summary>
internal static class KeyFile
{
    private const string FileName = "metadata.key";

    /// <summary>Reads the key; draws one where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no key.</exception>
    public static VolumeKey Open(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (DurableFile.Read(path) is not { } kept)
        {
            var key = VolumeKey.Create();
            DurableFile.Write(path, key.Export());
            return key;
        }

        try
        {
            return VolumeKey.Import(kept);
        }
        catch (CryptographicException garbled)
        {
            throw new InvalidDataException(
                $"{path} is no key ({garbled.Message}). Nothing was changed. Put a good copy there, or remove it: the pool then draws another key, "
                + "and recovery sites must be told that one.",
                garbled);
        }
    }
}
