using System.Text;
using Redoubt.Database.Archive;

namespace Redoubt.Database.Tests.Archive;

/// <summary>The hash is the one that others compute.</summary>
public sealed class XxHash64Tests
{
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999)]
    [InlineData("abc", 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1)]
    public void It_is_as_its_definition_says(string text, ulong hash) => Assert.Equal(hash, XxHash64.Of(Encoding.ASCII.GetBytes(text)));
}
