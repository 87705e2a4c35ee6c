using Redoubt.Desk;

namespace Redoubt.Server.Tests.Recovering;

public sealed class SecretBoxTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-box-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_secret_opens_with_the_same_key_for_the_same_owner_only()
    {
        var sealedSecret = SecretBox.Open(new(_directory)).Seal("grüße", "north");
        Assert.Equal("grüße", SecretBox.Open(new(_directory)).Unseal(sealedSecret, "north"));
        Assert.Throws<InvalidDataException>(() => SecretBox.Open(new(_directory)).Unseal(sealedSecret, "south"));
        File.Delete(Path.Combine(_directory, "sites.key"));
        Assert.Throws<InvalidDataException>(() => SecretBox.Open(new(_directory)).Unseal(sealedSecret, "north"));
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        var box = SecretBox.Open(new(_directory));
        var sealedSecret = box.Seal("secret", "north");
        for (var i = 0; i < sealedSecret.Length; i++)
        {
            var changed = (byte[])sealedSecret.Clone();
            changed[i] ^= 1;
            Assert.Throws<InvalidDataException>(() => box.Unseal(changed, "north"));
        }
    }

    [Fact]
    public void Only_the_daemons_user_reads_the_key() => Assert.Equal(
        UnixFileMode.UserRead | UnixFileMode.UserWrite, Keyed());

    private UnixFileMode Keyed()
    {
        SecretBox.Open(new(_directory));
        return File.GetUnixFileMode(Path.Combine(_directory, "sites.key"));
    }
}
