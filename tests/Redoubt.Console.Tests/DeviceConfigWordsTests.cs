using Redoubt.Console.Parts;
using Redoubt.Console.Recover;

namespace Redoubt.Console.Tests;

public sealed class DeviceConfigWordsTests
{
    [Theory]
    [InlineData("location=/mirror", "location=/mirror")]
    [InlineData("target=10.0.0.1,10.0.0.2  port=3260", "port=3260|target=10.0.0.1,10.0.0.2")]
    [InlineData("a=\"x y\" b='it is' c=", "a=x y|b=it is|c=")]
    [InlineData("password=a=b\"c", "password=a=b\"c")]
    [InlineData("", "")]
    public void Words_are_kept_apart_by_spaces_and_nothing_else(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', DeviceConfigWords.Read(text).Select(p => $"{p.Key}={p.Value}")));

    [Theory]
    [InlineData("location", "no key=value")]
    [InlineData("=x", "no key=value")]
    [InlineData("a=1 a=2", "twice")]
    [InlineData("a=\"1", "not closed")]
    public void What_is_no_configuration_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => DeviceConfigWords.Read(text)).Message);

    [Fact]
    public void Passwords_are_masked_in_the_command() =>
        Assert.Equal(
            "device-config:chappassword='(secret)' device-config:chapuser='(secret)' device-config:target=10.0.0.1",
            ShellWord.OfDevice(DeviceConfigWords.Read("target=10.0.0.1 chapuser=ann", "chappassword=hunter2")));
}
