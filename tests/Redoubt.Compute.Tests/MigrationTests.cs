using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Compute.Tests;

public sealed class MigrationTests
{
    [Fact]
    public void A_guest_is_given_up_only_when_it_can_not_be_through()
    {
        var pace = new MigrationPace();
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(1), 10, 1));
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(30), 20, 1));
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(59), 30, 1)); // However long the first pass takes.
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(60), 40, 2));
        for (var second = 61; second <= 240; second++)
            Assert.Null(pace.Judge(TimeSpan.FromSeconds(second), second * 10, 3));
        Assert.Contains("faster than the line", pace.Judge(TimeSpan.FromSeconds(241), 2410, 9), StringComparison.Ordinal);
    }

    [Fact]
    public void A_quick_first_pass_leaves_two_minutes_for_the_rest()
    {
        var pace = new MigrationPace();
        for (var second = 1; second <= 121; second++)
            Assert.Null(pace.Judge(TimeSpan.FromSeconds(second), second, 2));
        Assert.NotNull(pace.Judge(TimeSpan.FromSeconds(122), 122, 2));
    }

    [Fact]
    public void A_line_on_which_nothing_moves_is_given_up()
    {
        var pace = new MigrationPace();
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(1), 10, 1));
        Assert.Null(pace.Judge(TimeSpan.FromSeconds(31), 10, 1));
        Assert.Contains("nothing", pace.Judge(TimeSpan.FromSeconds(31.1), 10, 1), StringComparison.Ordinal);
        Assert.NotNull(new MigrationPace().Judge(TimeSpan.FromSeconds(31), 0, 0));
    }

    [Fact]
    public void What_a_guest_is_stands_before_its_memory_as_in_a_file_that_it_is_resumed_from()
    {
        const string Migratable = "<domain><name>g</name><cpu mode='host-model'/></domain>";
        var same = MigratingGuest.Of(Migratable, Migratable);
        Assert.Null(same.Cpu);
        var header = same.Header();
        Assert.Equal("LibvirtQemudSave", Encoding.ASCII.GetString(header, 0, 16));
        Assert.Equal([2, Migratable.Length + 1, 1, 0, 0], Numbers(header));
        Assert.Equal(Migratable + "\0", Encoding.UTF8.GetString(header.AsSpan(92)));

        // One that libvirt has found to be another than it was described with is given along.
        var other = MigratingGuest.Of(Migratable, "<domain><name>g</name><cpu mode='custom'><model>Haswell</model></cpu></domain>");
        header = other.Header();
        const string Cookie = "<cookie><cpu mode=\"custom\"><model>Haswell</model></cpu></cookie>\0";
        Assert.Equal([2, Migratable.Length + 1 + Cookie.Length, 1, 0, Migratable.Length + 1], Numbers(header));
        Assert.Equal(Cookie, Encoding.UTF8.GetString(header.AsSpan(92 + Migratable.Length + 1)));
        Assert.NotEqual(MigratingGuest.Cookie(Guid.Empty), MigratingGuest.Cookie(Guid.Empty)); // The target is never the source itself.
    }

    [Fact]
    public async Task Memory_waits_until_it_is_said_whose_it_is_and_a_line_that_nobody_reads_ends()
    {
        await using var inlet = new MigrationInlet();
        var early = inlet.WriteAsync("memory"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.False(early.IsCompleted);
        await using (var reader = File.OpenRead(inlet.Path))
        {
            await inlet.BeginAsync("header "u8.ToArray());
            await early;
            var read = new byte[13];
            await reader.ReadExactlyAsync(read, TestContext.Current.CancellationToken);
            Assert.Equal("header memory", Encoding.ASCII.GetString(read));
        }

        inlet.End();
        await Assert.ThrowsAnyAsync<IOException>(
            async () => await inlet.WriteAsync(new byte[1 << 20], TestContext.Current.CancellationToken));
    }

    private static List<int> Numbers(byte[] header) =>
        [.. Enumerable.Range(0, 5).Select(i => BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(16 + (4 * i))))];
}
