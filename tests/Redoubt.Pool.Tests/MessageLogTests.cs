using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>The messages on the hosts of a pool of several.</summary>
public sealed class MessageLogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-messages-").FullName;
    private readonly List<byte[]> _agreed = [];
    private bool _fails;
    private bool _isLong;

    private string Own => Path.Combine(_directory, KeptName.Messages);

    private PoolAgreement Agreement => new(
        (_, _) => { },
        (log, _, lines) =>
        {
            Assert.Equal(PoolAgreement.Messages, log);
            Agree(lines);
            return _isLong;
        },
        (_, _, whole) => Agree(whole));

    [Fact]
    public async Task Another_host_has_what_was_made_and_not_what_was_removed_and_goes_on_with_the_numbers()
    {
        await using (var site = await TestSite.OpenAsync(c => c with { AgreeToFiles = Agreement }))
        {
            await MakeAsync(site, "first");
            var second = await MakeAsync(site, "second");
            await site.Client.CallAsync("message.destroy", second);
            await WrittenAsync(site);
        }

        long had;
        await using (var copy = Copy())
        {
            _agreed.ForEach(copy.Take);
            had = copy.Last;

            // Whoever follows may be told a second time.
            _agreed.ForEach(copy.Take);
            Assert.Equal(had, copy.Last);
            Assert.True(had >= 3, $"{had}");
        }

        await using (var again = Copy())
        {
            Assert.Equal(had, again.Last);
        }

        var count = _agreed.Count;
        await using (var next = await OpenHereAsync())
        {
            Assert.Equal(["first"], Told(next));
            await MakeAsync(next, "third");
            await WrittenAsync(next);
            Assert.True(_agreed.Count > count);
            Assert.True(next.Daemon.Services.Messages.Last > had, "a line that was removed last keeps its number taken");
        }
    }

    [Fact]
    public async Task What_could_not_be_agreed_to_is_laid_down_with_the_next()
    {
        await using var site = await TestSite.OpenAsync(c => c with { AgreeToFiles = Agreement });
        await MakeAsync(site, "first");
        await WrittenAsync(site);
        _fails = true;
        var refused = await Assert.ThrowsAsync<XenApiException>(() => MakeAsync(site, "second"));
        Assert.Contains("no majority", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("second", await File.ReadAllTextAsync(KeptOf(site), TestSite.Cancel), StringComparison.Ordinal);
        _fails = false;
        await WrittenAsync(site);
        Assert.Contains("second", await File.ReadAllTextAsync(KeptOf(site), TestSite.Cancel), StringComparison.Ordinal);
        await using var copy = Copy();
        _agreed.ForEach(copy.Take);
        var kept = await File.ReadAllTextAsync(Own, TestSite.Cancel);
        Assert.Contains("first", kept, StringComparison.Ordinal);
        Assert.Contains("second", kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_of_a_long_log_takes_the_place_of_what_a_host_had()
    {
        await using (var site = await TestSite.OpenAsync(c => c with { AgreeToFiles = Agreement }))
        {
            var gone = await MakeAsync(site, "gone");
            await WrittenAsync(site);
            await using (var copy = Copy())
            {
                _agreed.ForEach(copy.Take);
            }

            // The host is away while this is removed, and finds no entry that says so.
            _isLong = true;
            await site.Client.CallAsync("message.destroy", gone);
            await WrittenAsync(site);
        }

        await using (var back = Copy())
        {
            back.Take(_agreed[^1]);
        }

        Assert.DoesNotContain("\"gone\"", await File.ReadAllTextAsync(Own, TestSite.Cancel), StringComparison.Ordinal);
        await using var again = Copy();
        Assert.Throws<InvalidDataException>(() => again.Take(Encoding.UTF8.GetBytes("no message\n")));
    }

    [Fact]
    public async Task What_an_earlier_version_has_written_without_numbers_is_kept()
    {
        await File.WriteAllTextAsync(
            Own,
            """
            {"format":1}
            {"Ref":"OpaqueRef:a","Uuid":"a","Name":"OLD","Priority":3,"About":"x","Timestamp":"2026-01-01T00:00:00Z","Body":"old"}
            {"Ref":"OpaqueRef:b","Uuid":"b","Name":"OLD","Priority":3,"About":"x","Timestamp":"2026-01-01T00:00:00Z","Body":"b"}
            {"Ref":"OpaqueRef:b","IsGone":true}

            """,
            TestSite.Cancel);
        await using var site = await OpenHereAsync();
        Assert.Equal(["old"], site.All<MessageRecord>().Where(m => m.Name == "OLD").Select(m => m.Body));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static string KeptOf(TestSite site) => Path.Combine(site.Root, "data", KeptName.Messages);

    private static async Task<Ref<MessageRecord>> MakeAsync(TestSite site, string body) => await site.Client.CallAsync<Ref<MessageRecord>>(
        "message.create", "TOLD", 3L, Cls.Pool, site.All<PoolRecord>().Single().Uuid, body);

    private static Task WrittenAsync(TestSite site) => site.Daemon.Services.Messages.WrittenAsync(TestSite.Cancel);

    private static IEnumerable<string> Told(TestSite site) => site.All<MessageRecord>().Where(m => m.Name == "TOLD").Select(m => m.Body);

    private MessageLog Copy() => MessageLog.Open(new(_directory), NullLogger<MessageLog>.Instance);

    // A daemon that finds in its directory what lies in this one.
    private async Task<TestSite> OpenHereAsync()
    {
        var site = await TestSite.OpenAsync(c => c with { AgreeToFiles = Agreement });
        await site.Daemon.DisposeAsync();
        File.Copy(Own, KeptOf(site), overwrite: true);
        await site.StartAsync();
        return site;
    }

    private void Agree(byte[] lines)
    {
        if (_fails)
        {
            throw new IOException("no majority");
        }

        _agreed.Add(lines);
    }
}
