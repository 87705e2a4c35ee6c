namespace Redoubt.Storage;

/// <summary>
/// A value that is kept in a file of the daemon's directory: read once, changed under a lock, and durable before anybody sees the change.
/// </summary>
/// <typeparam name="T">An immutable type; two values are the same if they are one object.</typeparam>
public sealed class KeptFile<T>
    where T : class
{
    private readonly Action<T> _keep;
    private readonly Lock _changing = new();
    private volatile T _value;

    private KeptFile(Action<T> keep, T value) => (_keep, _value) = (keep, value);

    /// <summary>What is kept. Reading it never waits.</summary>
    public T Value => _value;

    /// <summary>Reads the file. It is not made before something is kept in it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="advice">What to do when it can't be used, as a whole sentence.</param>
    /// <param name="empty">The value while there is no file.</param>
    /// <param name="read">Makes the value of what the file holds; whatever it throws means that the file is garbled.</param>
    /// <param name="write">The reverse of it.</param>
    /// <exception cref="InvalidDataException">The file can't be read, or is garbled.</exception>
    public static KeptFile<T> Open(string path, string advice, T empty, Func<byte[], T> read, Func<T, byte[]> write) =>
        new(value => DurableFile.Write(path, write(value)), Read(path, advice, empty, read));

    /// <summary>Reads a file that is the pool's. It is not made before something is kept in it.</summary>
    /// <param name="files">What it is one of.</param>
    /// <param name="name">Its name.</param>
    /// <param name="empty">The value while there is no file.</param>
    /// <param name="read">Makes the value of what the file holds; whatever it throws means that the file is garbled.</param>
    /// <param name="write">The reverse of it.</param>
    /// <param name="advice">What to do when it can't be used, after what can be done with every file.</param>
    /// <exception cref="InvalidDataException">The file can't be read, or is garbled.</exception>
    public static KeptFile<T> Open(
        PoolFiles files, string name, T empty, Func<byte[], T> read, Func<T, byte[]> write, string advice = "") =>
        new(
            value => files.Write(name, write(value)),
            Read(files.PathOf(name), $"{KeptName.Find(name)!.Advice} {advice}".TrimEnd(), empty, read));

    private static T Read(string path, string advice, T empty, Func<byte[], T> read)
    {
        byte[]? content;
        try
        {
            content = DurableFile.Read(path);
        }
        catch (InvalidDataException unusable)
        {
            throw new InvalidDataException($"{unusable.Message} Nothing was changed. {advice}", unusable);
        }

        try
        {
            return content is null ? empty : read(content);
        }
        catch (Exception garbled) when (garbled is not OutOfMemoryException)
        {
            // Whatever a parser makes of damage, its own bugs included, it is damage to whoever must mend it.
            throw new InvalidDataException($"{path} is garbled ({garbled.Message.TrimEnd('.')}). Nothing was changed. {advice}", garbled);
        }
    }

    /// <summary>Changes the value; durable when it returns.</summary>
    /// <returns>Whether anything has changed.</returns>
    /// <exception cref="IOException">It can't be written, or the hosts of the pool do not agree; the old value stays.</exception>
    public bool Change(Func<T, T> change)
    {
        lock (_changing)
        {
            var changed = change(_value);
            if (ReferenceEquals(changed, _value))
            {
                return false;
            }

            _keep(changed);
            _value = changed;
            return true;
        }
    }
}
