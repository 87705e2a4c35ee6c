using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Redoubt.Tests;

/// <summary>A client of NBD that says exactly what a test has it say.</summary>
internal sealed class NbdClient : IAsyncDisposable
{
    public const uint ExportName = 1;
    public const uint List = 3;
    public const uint StartTls = 5;
    public const uint Info = 6;
    public const uint Go = 7;

    private readonly TcpClient _tcp = new();

    public Stream Stream { get; private set; } = Stream.Null;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Connects, and says which flags it knows.</summary>
    public static async Task<NbdClient> ConnectAsync(int port, uint flags = 3)
    {
        var client = new NbdClient();
        await client._tcp.ConnectAsync("127.0.0.1", port, Cancel);
        client.Stream = client._tcp.GetStream();
        var greeting = await client.ReadAsync(18);
        Assert.Equal("NBDMAGICIHAVEOPT"u8.ToArray(), greeting[..16]);
        await client.Stream.WriteAsync(Number(flags), Cancel);
        return client;
    }

    /// <summary>Connects, and goes on over TLS.</summary>
    public static async Task<NbdClient> ConnectSecurelyAsync(int port, string certificate, uint flags = 3)
    {
        var client = await ConnectAsync(port, flags);
        Assert.Equal((1u, ""), await client.AskAsync(StartTls, []));
        var secure = new SslStream(client.Stream);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown is System.Security.Cryptography.X509Certificates.X509Certificate2 theirs
                        && theirs.ExportCertificatePem().Trim() == certificate.Trim(),
            },
            Cancel);
        client.Stream = secure;
        return client;
    }

    /// <summary>Sends an option.</summary>
    public async Task SendAsync(uint option, byte[] data) =>
        await Stream.WriteAsync((byte[])[.. "IHAVEOPT"u8, .. Number(option), .. Number((uint)data.Length), .. data], Cancel);

    /// <summary>Sends an option, and gives the last answer to it: its kind, and what it says.</summary>
    public async Task<(uint Kind, string Said)> AskAsync(uint option, byte[] data)
    {
        await SendAsync(option, data);
        while (true)
        {
            var header = await ReadAsync(20);
            Assert.Equal(option, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)));
            var kind = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
            var said = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16)));
            if (kind == 1 || kind >= 0x8000_0000)
            {
                return (kind & 0xffff, Encoding.UTF8.GetString(said));
            }
        }
    }

    /// <summary>Asks to read a disk, or what it is like.</summary>
    public Task<(uint Kind, string Said)> AskAsync(uint option, string name) => AskAsync(option, About(name));

    /// <summary>Asks to read a disk in the oldest way; its size.</summary>
    public async Task<long> OpenAsync(string name, bool hasZeros)
    {
        await SendAsync(ExportName, Encoding.UTF8.GetBytes(name));
        return BinaryPrimitives.ReadInt64BigEndian(await ReadAsync(hasZeros ? 8 + 2 + 124 : 8 + 2));
    }

    /// <summary>Reads from the disk; simple answers only.</summary>
    public async Task<byte[]> ReadDiskAsync(long offset, int length)
    {
        await CommandAsync(0, offset, length);
        var header = await ReadAsync(16);
        Assert.Equal(0x67446698u, BinaryPrimitives.ReadUInt32BigEndian(header));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)));
        return await ReadAsync(length);
    }

    /// <summary>Writes to the disk; the error that answers it.</summary>
    public async Task<uint> WriteDiskAsync(long offset, byte[] data)
    {
        await CommandAsync(1, offset, data.Length);
        await Stream.WriteAsync(data, Cancel);
        return BinaryPrimitives.ReadUInt32BigEndian((await ReadAsync(16)).AsSpan(4));
    }

    public Task LeaveAsync() => CommandAsync(2, 0, 0);

    /// <summary>Whether the server has nothing more to say.</summary>
    public async Task<bool> IsAtEndAsync()
    {
        try
        {
            return await Stream.ReadAsync(new byte[1], Cancel) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public static byte[] About(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return [.. Number((uint)bytes.Length), .. bytes, 0, 0];
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _tcp.Dispose();
    }

    private async Task CommandAsync(ushort type, long offset, int length)
    {
        var command = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(command, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(command.AsSpan(6), type);
        BinaryPrimitives.WriteInt64BigEndian(command.AsSpan(16), offset);
        BinaryPrimitives.WriteInt32BigEndian(command.AsSpan(24), length);
        await Stream.WriteAsync(command, Cancel);
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await Stream.ReadExactlyAsync(bytes, Cancel);
        return bytes;
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }
}
