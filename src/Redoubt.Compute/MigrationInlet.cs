using System.IO.Pipes;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>
/// Where a guest's memory arrives: a pipe that libvirt resumes the guest from as it would from a file. What is written waits until it is
/// known what the guest is, for that comes first.
/// </summary>
internal sealed class MigrationInlet : OutwardStream
{
    private readonly AnonymousPipeServerStream _pipe = new(PipeDirection.Out, HandleInheritability.None);
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What libvirt, in this process, opens the other end by.</summary>
    internal string Path => $"/proc/self/fd/{_pipe.ClientSafePipeHandle.DangerousGetHandle()}";

    /// <summary>Says what the guest is.</summary>
    internal async Task BeginAsync(byte[] header)
    {
        try
        {
            await _pipe.WriteAsync(header, CancellationToken.None);
            _begun.TrySetResult();
        }
        catch (IOException broken)
        {
            _begun.TrySetException(broken); // Whoever reads it has given up, and says why.
        }
    }

    /// <summary>Lets this process's own copy of the other end go, so that who writes is told when nobody reads any more.</summary>
    internal void End() => _pipe.DisposeLocalCopyOfClientHandle();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _begun.Task.WaitAsync(cancellationToken);
        await _pipe.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _begun.TrySetException(new IOException("the line was closed"));
            _ = _begun.Task.Exception; // Nobody may be waiting.
            _pipe.Dispose();
        }

        base.Dispose(disposing);
    }
}
