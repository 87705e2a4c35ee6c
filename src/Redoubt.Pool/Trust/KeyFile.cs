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

    /// <summary>Reads the key; null if there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no key; nothing was changed.</exception>
    public static VolumeKey? Find(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (DurableFile.Read(path) is not { } kept)
        {
            return null;
        }

        try
        {
            return VolumeKey.Import(kept);
        }
        catch (CryptographicException garbled)
        {
            throw new InvalidDataException(
                $"{path} is no key ({garbled.Message.TrimEnd('.')}). Nothing was changed. {KeptName.Find(FileName)!.Advice}", garbled);
        }
    }

    /// <summary>Draws a key; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static VolumeKey Create(PoolFiles files)
    {
        var key = VolumeKey.Create();
        files.Write(FileName, key.Export());
        return key;
    }
}
