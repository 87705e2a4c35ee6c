using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Server.ThinCli;

namespace Redoubt.Cli.Serving;

/// <summary>Files of a thin client's machine, which the client itself opens. What it could not do, it has told its user.</summary>
internal sealed class CallersFiles(CommandLineCall call) : ICommandFiles
{
    /// <inheritdoc/>
    public async Task ReadAsync(string file, Func<Stream, long, Task> read, CancellationToken cancellationToken)
    {
        if (!await call.SendFileAsync(file, content => read(content, 0), cancellationToken))
        {
            throw new UsageException($"Your client could not send {file}.");
        }
    }

    /// <inheritdoc/>
    public async Task WriteNewAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        if (!await call.ReceiveFileAsync(file, write, cancellationToken))
        {
            throw new UsageException($"Your client could not write {file}. It must not exist yet.");
        }
    }
}
