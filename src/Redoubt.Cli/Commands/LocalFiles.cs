using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>Files of the machine that a command runs on.</summary>
internal sealed class LocalFiles : ICommandFiles
{
    /// <inheritdoc/>
    public async Task ReadAsync(string file, Func<Stream, long, Task> read, CancellationToken cancellationToken)
    {
        await using var content = Open(file);
        await read(content, content.Length);
    }

    /// <inheritdoc/>
    /// <remarks>If that fails, none is left: half a backup or disk looks like a whole one.</remarks>
    public async Task WriteNewAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var isWhole = false;
        try
        {
            await using var target = Create(file);
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

    private static FileStream Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be read: {unusable.Message}");
        }
    }

    private static FileStream Create(string file)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        try
        {
            return new FileStream(file, options);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be written: {unusable.Message}");
        }
    }
}
