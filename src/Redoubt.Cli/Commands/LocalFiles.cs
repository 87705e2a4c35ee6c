using Redoubt.Cli.CommandLine;
using Redoubt.Storage;

namespace Redoubt.Cli.Commands;

/// <summary>Files of the machine that a command runs on. The empty name means standard input and output, as with xe.</summary>
internal sealed class LocalFiles : ICommandFiles
{
    /// <inheritdoc/>
    public async Task ReadAsync(string file, Func<Stream, long, Task> read, CancellationToken cancellationToken)
    {
        await using var content = IsStandard(file, "/dev/stdin") ? System.Console.OpenStandardInput() : Open(file);
        await read(content, content.CanSeek ? content.Length : 0);
    }

    /// <inheritdoc/>
    /// <remarks>If that fails, none is left: half a backup or disk looks like a whole one.</remarks>
    public async Task WriteNewAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        // Of a device or pipe nothing is lost that was kept there.
        if (IsStandard(file, "/dev/stdout") || IsStream(file))
        {
            await using var stream = IsStandard(file, "/dev/stdout") ? System.Console.OpenStandardOutput() : Create(file, FileMode.Open);
            await write(stream);
            await stream.FlushAsync(cancellationToken);
            return;
        }

        var isWhole = false;
        try
        {
            await using var target = Create(file, FileMode.CreateNew);
            await write(target);
            await target.FlushAsync(cancellationToken);
            target.Flush(flushToDisk: true);
            isWhole = true;
        }
        catch (Exception failed) when (failed is not UsageException && !isWhole)
        {
            File.Delete(file);
            throw;
        }
    }

    // The second name leads to the same, but can't be opened anew where that is a socket.
    private static bool IsStandard(string file, string name) => file.Length == 0 || file == name;

    private static bool IsStream(string file)
    {
        try
        {
            return !FileWords.IsImpossible(file) && HostFile.IsStream(file);
        }
        catch (IOException unusable)
        {
            throw new UsageException($"{file} can't be written: {unusable.Message}");
        }
    }

    private static FileStream Open(string file)
    {
        try
        {
            return FileWords.IsImpossible(file)
                ? throw new UsageException($"No file is named '{file.Replace('\0', ' ')}'.")
                : new FileStream(
                    file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be read: {unusable.Message}");
        }
    }

    private static FileStream Create(string file, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (mode == FileMode.CreateNew)
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return FileWords.IsImpossible(file)
                ? throw new UsageException($"No file is named '{file.Replace('\0', ' ')}'.")
                : new FileStream(file, options);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be written: {unusable.Message}");
        }
    }
}
