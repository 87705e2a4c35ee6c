namespace Redoubt.Cli.Commands;

/// <summary>The files that a command's parameters name: of this machine, or of the machine of whoever sent the command.</summary>
internal interface ICommandFiles
{
    /// <summary>Reads a file: its content, and its length in bytes, 0 if that is not known.</summary>
    /// <exception cref="CommandLine.UsageException">It can't be read.</exception>
    Task ReadAsync(string file, Func<Stream, long, Task> read, CancellationToken cancellationToken);

    /// <summary>Writes a file that must not exist yet, readable by its owner alone.</summary>
    /// <exception cref="CommandLine.UsageException">It can't be written.</exception>
    Task WriteNewAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken);
}
