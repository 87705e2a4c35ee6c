using System.Net.Sockets;
using Redoubt.XenApi;

namespace Redoubt.Compute;

/// <summary>
/// Where a guest's memory leaves: a socket that libvirt connects its QEMU to when the guest is sent. It lies in the hypervisor's root,
/// where nobody else can reach it, and takes one connection.
/// </summary>
internal sealed class MigrationOutlet : UnseekableStream
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task<NetworkStream> _connected;
    private readonly string _path;

    internal MigrationOutlet(string path)
    {
        _path = path;
        try
        {
            File.Delete(path); // A process that was killed may have left it.
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(1);
            _connected = AcceptAsync();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    /// <summary>What libvirt is told.</summary>
    internal string Uri => $"unix://{_path}";

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        await (await _connected.WaitAsync(cancellationToken)).ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await (await _connected.WaitAsync(cancellationToken)).WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _listener.Dispose();
            File.Delete(_path);
            _ = HangUpAsync();
        }

        base.Dispose(disposing);
    }

    private async Task HangUpAsync()
    {
        try
        {
            await (await _connected).DisposeAsync();
        }
        catch (IOException)
        {
            // Nobody has connected, and now nobody can.
        }
    }

    private async Task<NetworkStream> AcceptAsync()
    {
        try
        {
            return new NetworkStream(await _listener.AcceptAsync(), ownsSocket: true);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            throw new IOException("the line was closed before anything was sent", closed);
        }
    }
}
