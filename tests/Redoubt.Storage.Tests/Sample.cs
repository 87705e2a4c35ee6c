using System.Diagnostics;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.Tests;

/// <summary>Content and small moves that many tests share.</summary>
internal static class Sample
{
    public const long Mib = 1 << 20;

    public static QemuImg Images { get; } = new(TimeProvider.System);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static SrUuid NewSr() => new(Guid.NewGuid());

    public static VdiUuid NewVdi() => new(Guid.NewGuid());

    /// <summary>Bytes of which a part is zeros, the same for the same seed.</summary>
    public static byte[] Content(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        bytes.AsSpan(length / 4, length / 2).Clear();
        return bytes;
    }

    public static async Task<byte[]> ReadAsync(ISr sr, VdiUuid vdi)
    {
        await using var stream = await sr.ExportVdiAsync(vdi, DiskFormat.Raw, Token);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Token);
        return copy.ToArray();
    }

    public static async Task WriteAsync(ISr sr, VdiUuid vdi, byte[] content, DiskFormat format = DiskFormat.Raw)
    {
        using var stream = new MemoryStream(content);
        await sr.ImportVdiAsync(vdi, stream, format, Token);
    }

    public static async Task<VdiState> NewDiskAsync(ISr sr, byte[] content, DiskFormat? format = null)
    {
        var vdi = await sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = content.Length, Format = format }, Token);
        await WriteAsync(sr, vdi.Uuid, content);
        return vdi;
    }

    /// <summary>Writes as a guest would: QEMU opens what it was told of, and flushes before it ends.</summary>
    public static async Task WriteThroughAsync(DiskSource source, long offset, byte[] content)
    {
        using var bytes = new TempDirectory();
        var from = bytes.In("bytes");
        await File.WriteAllBytesAsync(from, content, Token);
        var words = source switch
        {
            DiskSource.File or DiskSource.Block => new[] { "-f", source.Format == DiskFormat.Raw ? "raw" : "qcow2", source.Place },
            DiskSource.Network { Login: { } login } rbd =>
            [
                "--object", $"secret,id=key,format=base64,data={login.Key}", "--image-opts",
                $"driver=rbd,pool={rbd.Name.Split('/')[0]},image={rbd.Name.Split('/')[1]},conf=/dev/null,user={login.User},key-secret=key,"
                    + $"server.0.host={rbd.Hosts[0].Name},server.0.port={rbd.Hosts[0].Port}",
            ],
            _ => throw new NotSupportedException($"{source}"),
        };
        string[] commands = ["-c", $"write -s {from} {offset} {content.Length}", "-c", "flush"];
        var start = new ProcessStartInfo("qemu-io", [.. commands, .. words]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var qemu = Process.Start(start)!;
        await qemu.WaitForExitAsync(Token);
        Assert.Equal(0, qemu.ExitCode);
    }

    /// <summary>Expects a backend failure with a sentence in its second parameter.</summary>
    public static async Task<string> FailsAsync(int number, Func<Task> action)
    {
        var failure = await Assert.ThrowsAsync<XenApiException>(action);
        Assert.Equal($"SR_BACKEND_FAILURE_{number}", failure.Code);
        Assert.Equal(3, failure.Parameters.Count);
        Assert.Contains(':', failure.Parameters[1]);
        return failure.Parameters[1];
    }

    public static async Task FailsAsync(string code, Func<Task> action)
        => Assert.Equal(code, (await Assert.ThrowsAsync<XenApiException>(action)).Code);
}
