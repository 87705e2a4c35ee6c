using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute.Tests;

/// <summary>Two libvirts of one host that take the same name for an interface.</summary>
public sealed class FreeTapTests
{
    private const string Taken = "Unable to create tap device vnet8: Device or resource busy";

    [Fact]
    public void A_name_that_another_has_just_taken_is_followed_by_the_next()
    {
        var tries = 0;
        FreeTap.Find(() =>
        {
            if (++tries < 4)
                throw new LibvirtException(LibvirtError.OperationFailed, Taken);
        });
        Assert.Equal(4, tries);
    }

    [Theory]
    [InlineData(Taken, 10)]
    [InlineData("Unable to create tap device vnet8: Operation not permitted", 1)]
    [InlineData("Failed to get \"write\" lock: Device or resource busy", 1)]
    public void What_can_not_be_helped_so_is_told_as_it_is(string said, int expected)
    {
        var tries = 0;
        var refused = Assert.Throws<LibvirtException>(() => FreeTap.Find(() =>
        {
            tries++;
            throw new LibvirtException(LibvirtError.OperationFailed, said);
        }));
        Assert.Equal((said, expected), (refused.Message, tries));
    }
}
