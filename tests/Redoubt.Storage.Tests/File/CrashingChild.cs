using Redoubt.Storage.FileDriver;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>
/// The daemon that <see cref="FileSrKillTests"/> kills: this test program once more, told to run nothing but this, which changes an SR over
/// and over.
/// </summary>
public sealed class CrashingChild
{
    public const string Variable = "REDOUBT_TEST_CRASHING_CHILD";
    public const int ContentBytes = 3 << 20;

    /// <summary>The two contents that a disk may have; anything between them is torn.</summary>
    public static byte[] ContentOf(int seed) => Sample.Content(ContentBytes, seed);

    /// <summary>The file that says that the child is at work.</summary>
    public static string ReadyPath(string location) => Path.Combine(location, "ready");

    [Fact(Explicit = true)]
    public async Task Work_until_killed()
    {
        var order = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(order is null, "This is a part of another test, which starts it.");
        var parts = order.Split('|');
        await WorkForeverAsync(parts[0], SrUuid.Parse(parts[1]), VdiUuid.Parse(parts[2]));
    }

    private static async Task WorkForeverAsync(string location, SrUuid sr, VdiUuid vdi)
    {
        var driver = new FileSrDriver(Sample.Images, Path.Combine(location, "scratch"));
        var config = new Dictionary<string, string> { ["location"] = location };
        await using var attached = await driver.AttachAsync(sr, config, SrAccess.ReadWrite, CancellationToken.None);
        await File.WriteAllTextAsync(ReadyPath(location), "");
        for (var round = 0; ; round++)
        {
            using var content = new MemoryStream(ContentOf(round % 2));
            await attached.ImportVdiAsync(vdi, content, DiskFormat.Raw, CancellationToken.None);
            await attached.CloneVdiAsync(vdi, Sample.NewVdi(), CancellationToken.None);
            await attached.CreateVdiAsync(
                new VdiConfig { Uuid = Sample.NewVdi(), VirtualSizeBytes = Sample.Mib, Type = VdiType.Metadata }, CancellationToken.None);
        }
    }
}
