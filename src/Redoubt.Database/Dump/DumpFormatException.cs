namespace Redoubt.Database.Dump;

/// <summary>The only way in which the readers of dumps and of values answer input that is not what it should be.</summary>
public sealed class DumpFormatException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="position">Where, counted from 0: bytes in a dump, characters in a value.</param>
    /// <param name="found">What was found there, in words.</param>
    public DumpFormatException(long position, string found)
        : base($"at {position}: {found}")
    {
        Position = position;
        Found = found;
    }

    /// <summary>Where: the byte of a dump or the character of a value, counted from 0.</summary>
    public long Position { get; }

    /// <summary>What was found there, in words.</summary>
    public string Found { get; }
}
