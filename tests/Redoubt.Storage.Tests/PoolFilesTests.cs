using System.Text;

namespace Redoubt.Storage.Tests;

public sealed class PoolFilesTests : IDisposable
{
    private const string Name = "sites.json";

    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-files-").FullName;
    private readonly List<string> _agreed = [];

    [Fact]
    public void What_the_hosts_do_not_agree_to_is_not_written()
    {
        new PoolFiles(_directory).Write(Name, "before"u8.ToArray());
        var files = new PoolFiles(_directory, Agreement(fails: true));
        var kept = KeptFile<string>.Open(files, Name, "", Encoding.UTF8.GetString, Encoding.UTF8.GetBytes);
        Assert.Throws<IOException>(() => kept.Change(_ => "after"));
        Assert.Equal(("before", "before"), (kept.Value, Text(files)));
    }

    [Fact]
    public void What_the_hosts_agree_to_is_seen_by_nobody_before()
    {
        var files = new PoolFiles(_directory);
        files.Write(Name, "before"u8.ToArray());
        files.Share(new(
            (name, content) => _agreed.Add($"{name} {Encoding.UTF8.GetString(content)}, here {Text(files)}"),
            (_, _, _) => false,
            (_, _, _) => { }));
        files.Write(Name, "after"u8.ToArray());
        Assert.Equal([$"{Name} before, here before", $"{Name} after, here before"], _agreed);
        Assert.Equal("after", Text(files));
    }

    [Fact]
    public void A_pool_of_several_that_does_not_come_to_be_leaves_one_that_asks_nobody()
    {
        var files = new PoolFiles(_directory);
        files.Write(Name, "before"u8.ToArray());
        var laid = 0;
        files.Add(_ => laid++);
        Assert.Throws<IOException>(() => files.Share(Agreement(fails: true)));
        files.Write(Name, "after"u8.ToArray());
        Assert.Equal("after", Text(files));
        files.Share(Agreement(fails: false));
        Assert.Equal(["after"], _agreed);
        Assert.Equal(1, laid);
        files.Unshare();
        files.Write(Name, "alone"u8.ToArray());
        Assert.Equal(["after"], _agreed);
    }

    [Fact]
    public void A_hosts_own_file_is_not_written_as_the_pools() =>
        Assert.Throws<ArgumentException>(() => new PoolFiles(_directory).Write("copies.json", []));

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private PoolAgreement Agreement(bool fails) => new(
        (_, content) =>
        {
            if (fails)
            {
                throw new IOException("no majority");
            }

            _agreed.Add(Encoding.UTF8.GetString(content));
        },
        (_, _, _) => false,
        (_, _, _) => { });

    private static string Text(PoolFiles files) => Encoding.UTF8.GetString(files.Read(Name)!);
}
