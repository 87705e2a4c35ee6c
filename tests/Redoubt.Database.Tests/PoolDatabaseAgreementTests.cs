using Redoubt.XenApi;

namespace Redoubt.Database.Tests;

/// <summary>A database whose batches others must agree to before any journal gets them.</summary>
public sealed class PoolDatabaseAgreementTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_others_are_asked_begins_with_all_there_is_and_goes_on_from_it()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "0" }), Stop);
        var begun = DatabaseState.Empty;
        var asked = new List<long>();
        var writing = Enumerable.Range(1, 8).Select(_ => RenameAsync(pool, vm, 100)).ToList();
        await pool.Database.AgreeAsync((state, _) =>
        {
            begun = state;
            return Task.FromResult<AgreeToBatch>((after, _, transactions) =>
            {
                Assert.Equal(asked.Count > 0 ? asked[^1] : begun.Generation, transactions[0].Before);
                Assert.Equal(after.Generation, transactions[^1].Generation);
                asked.Add(after.Generation);
                return Task.CompletedTask;
            });
        });
        await Task.WhenAll(writing);
        await RenameAsync(pool, vm, 1);

        Assert.NotEmpty(asked);
        Assert.Equal(pool.Database.State.Generation, asked[^1]);
        Assert.Null(TestPool.Differences(pool.Database.State, TestPool.Read(pool.LocalPath)));
    }

    [Fact]
    public async Task What_others_did_not_agree_to_is_in_no_journal_and_ends_all_writing()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "agreed" }), Stop);
        await pool.Database.AgreeAsync((_, _) => Task.FromResult<AgreeToBatch>((_, _, _) => throw new IOException("the others are away")));

        var unknown = await Assert.ThrowsAsync<XenApiException>(() => RenameAsync(pool, vm, 1));
        Assert.Contains("not known", unknown.Parameters[0], StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<XenApiException>(() => RenameAsync(pool, vm, 1));
        Assert.Contains("nothing was changed", refused.Parameters[0], StringComparison.Ordinal);

        // What must be put right in the end is somebody else's to put right now.
        await Assert.ThrowsAsync<XenApiException>(() => pool.Database.WriteSurelyAsync(
            tx => tx.Update(vm, v => v with { NameLabel = "surely" }), Stop));
        await Assert.ThrowsAsync<AggregateException>(() => pool.Database.FlushWholeAsync(Stop));
        Assert.Equal("agreed", pool.Database.State.Get(vm).NameLabel);
        Assert.Equal("agreed", TestPool.Read(pool.LocalPath).Get(vm).NameLabel);
    }

    [Fact]
    public async Task What_others_agreed_to_stands_though_the_journal_of_this_host_can_not_be_written()
    {
        await using var pool = await TestPool.OpenAsync();
        var vm = await pool.Database.WriteAsync(tx => tx.Create(new VmRecord { NameLabel = "first" }), Stop);
        await pool.Database.AgreeAsync((_, _) => Task.FromResult<AgreeToBatch>((_, _, _) => Task.CompletedTask));
        var away = pool.LocalPath + ".away";
        File.Move(pool.LocalPath, away);
        await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = "agreed" }), Stop);
        Assert.Equal("agreed", pool.Database.State.Get(vm).NameLabel);

        File.Move(away, pool.LocalPath);
        await Patience.UntilAsync(() => pool.Database.Own.Health == JournalHealth.Healthy, "the journal is written again");
        await RenameAsync(pool, vm, 1);
        Assert.Null(TestPool.Differences(pool.Database.State, TestPool.Read(pool.LocalPath)));
    }

    private static async Task RenameAsync(TestPool pool, Ref<VmRecord> vm, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await pool.Database.WriteAsync(tx => tx.Update(vm, v => v with { NameLabel = $"{v.NameLabel.Length % 7}{i}" }), Stop);
        }
    }
}
