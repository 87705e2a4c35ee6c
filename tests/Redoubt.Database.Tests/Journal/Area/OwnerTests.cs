using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal.Area;

public sealed class OwnerTests
{
    [Fact]
    public void Who_begins_to_write_later_has_the_volume_and_the_one_before_acknowledges_nothing_more()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var older = scratch.Writer(owner: scratch.Owner("/older"));
        older.WriteDatabase(Scratch.Counters(0));
        older.Append([Scratch.Transaction(0, 1, 2)]);
        Assert.Equal(1, Owner(scratch.Image, scratch)!.Term);

        using var device = JournalDevice.Open(scratch.Device.Path);
        using var later = new JournalWriter(device, scratch.Layout, scratch.Clock, owner: scratch.Owner("/later"));
        later.WriteDatabase(Scratch.Counters(0));
        later.Append([Scratch.Transaction(0, 5, 2)]);

        Assert.Equal(JournalFault.Superseded, Assert.Throws<JournalException>(() => older.Append([Scratch.Transaction(2, 2, 2)])).Fault);
        Assert.Equal(AppendResult.WholeDatabaseNeeded, older.Append([Scratch.Transaction(2, 2, 2)]));
        Assert.Contains(
            "/later", Assert.Throws<JournalException>(() => older.WriteDatabase(Scratch.Counters(4))).Message, StringComparison.Ordinal);
        later.Prove();
        Assert.Equal(
            (2, "/later", Environment.MachineName),
            (Owner(scratch.Image, scratch)!.Term, Owner(scratch.Image, scratch)!.Directory, Owner(scratch.Image, scratch)!.Host));
        Assert.Equal(2, Scratch.Content(scratch.Read())!.Generation);
    }

    [Fact]
    public void An_idle_writer_learns_that_the_volume_was_taken_over()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var older = scratch.Writer(owner: scratch.Owner("/older"));
        older.WriteDatabase(Scratch.Counters(0));
        older.Prove();
        using var later = scratch.Writer(owner: scratch.Owner("/later"));
        later.WriteDatabase(Scratch.Counters(0));
        Assert.Equal(JournalFault.Superseded, Assert.Throws<JournalException>(older.Prove).Fault);
    }

    [Fact]
    public void A_writer_that_comes_back_out_of_any_write_to_find_another_owner_acknowledges_nothing_and_what_it_spoilt_is_noticed()
    {
        foreach (var isWhole in (bool[])[true, false])
        {
            for (var stuck = 0; ; stuck++)
            {
                using var scratch = new Scratch(historyBlocks: 16);
                using var older = scratch.Writer(owner: scratch.Owner("/older"));
                older.WriteDatabase(Scratch.Counters(0));
                using var device = JournalDevice.Open(scratch.Device.Path);
                using var later = new JournalWriter(device, scratch.Layout, scratch.Clock, owner: scratch.Owner("/later"));
                var at = 0;
                scratch.Device.Observer = _ =>
                {
                    if (at++ == stuck)
                        later.WriteDatabase(Scratch.Counters(100));
                };
                var failure = Record.Exception(() =>
                {
                    if (isWhole)
                        older.WriteDatabase(Scratch.Counters(2));
                    else
                        older.Append([Scratch.Transaction(0, 1, 3)]);
                });
                if (at <= stuck)
                    break;
                Assert.Equal(JournalFault.Superseded, Assert.IsType<JournalException>(failure).Fault);

                // What the late write left is either nothing, or found by the owner, who then writes anew.
                if (Record.Exception(later.Prove) is { } spoilt)
                {
                    Assert.Equal(JournalFault.Displaced, Assert.IsType<JournalException>(spoilt).Fault);
                    later.WriteDatabase(Scratch.Counters(100));
                }

                Assert.Equal(100, Scratch.Content(scratch.Read())!.Generation);
                later.Prove();
            }
        }
    }

    [Fact]
    public void A_crash_at_any_moment_of_taking_over_leaves_the_volume_with_an_owner_and_a_database()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var older = scratch.Writer(owner: scratch.Owner("/older"));
        older.WriteDatabase(Scratch.Counters(0));
        older.Append([Scratch.Transaction(0, 1, 2)]);
        var before = scratch.Image;
        scratch.Operations.Clear();
        using var later = scratch.Writer(owner: scratch.Owner("/later"));
        later.WriteDatabase(Scratch.Counters(100));
        CrashImages.ForEach(before, scratch.Operations, 7, (image, _) =>
        {
            Assert.True(Owner(image, scratch)?.Directory is "/older" or "/later");
            Assert.True(Scratch.Content(Scratch.Read(image, scratch.Layout))!.Generation is 2 or 100);
        });
    }

    [Fact]
    public void A_daemon_that_claims_what_another_left_has_the_next_term_and_one_damaged_record_takes_nothing_from_it()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        for (var term = 1; term <= 3; term++)
        {
            using var writer = scratch.Writer(owner: scratch.Owner($"/{term}"));
            writer.WriteDatabase(Scratch.Counters(term * 10));
            Assert.Equal(term, writer.Owner!.Term);
            for (var copy = 0; copy < 2; copy++)
            {
                var image = scratch.Image;
                image[AreaSection.At(scratch.Layout.AreaStart, copy, AreaSection.OwnerNumber) + 40] ^= 1;
                Assert.Equal($"/{term}", Owner(image, scratch)!.Directory);
            }
        }
    }

    [Fact]
    public void A_writer_whose_device_failed_goes_on_only_where_it_still_is_the_owner_and_a_Redoubt_has_written()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var first = scratch.Writer(owner: scratch.Owner("/one"));
        first.WriteDatabase(Scratch.Counters(0));
        using (var again = scratch.Writer(owner: first.Owner))
        {
            again.WriteDatabase(Scratch.Counters(2));
            again.Prove();
        }

        // As xapi does: its own marker in the half that counts, nothing in our area.
        var half = scratch.Image[JournalLayout.ValidityOffset] == '1' ? JournalHalf.First : JournalHalf.Second;
        scratch.Device.WriteAt(scratch.Layout.StartOf(half), "11111111-2222-3333-4444-555555555555"u8);
        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(() => scratch.Writer(owner: first.Owner)).Fault);
    }

    [Fact]
    public void Another_pool_s_volume_has_an_owner_and_takes_nothing_over_however_often_it_is_tried()
    {
        var (ours, theirs) = (Pool("11111111-2222-3333-4444-555555555555"), Pool("0f6a5f4e-8a5c-4a44-9a7b-3c1d2e4f5a6b"));
        using var scratch = new Scratch(historyBlocks: 16);
        using var first = scratch.Writer(owner: scratch.Owner("/ours"));
        first.WriteDatabase(ours);
        using var other = scratch.Writer(owner: scratch.Owner("/theirs"));
        other.WriteDatabase(theirs);
        var before = scratch.Image;

        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(first.Prove).Fault);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            // As a daemon does that tries again: nothing it has read of the volume is its own.
            using var again = scratch.Writer(owner: first.Owner);
            Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(() => again.WriteDatabase(ours)).Fault);
        }

        Assert.Equal(before, scratch.Image);

        static DatabaseDump Pool(string uuid) => Dumps.Of(2, new DumpTable("pool", [Dumps.Row("p", ("uuid", uuid), ("name_label", "p"))]));
    }

    [Fact]
    public void A_volume_without_our_area_has_no_owner_and_is_written_as_ever()
    {
        using var scratch = new Scratch();
        using var writer = scratch.Writer(owner: scratch.Owner("/one"));
        writer.WriteDatabase(Scratch.Counters(0));
        writer.Append([Scratch.Transaction(0, 1, 2)]);
        writer.Prove();
        Assert.Null(writer.Owner);
        Assert.Equal(2, Assert.IsType<JournalVerdict.Intact>(scratch.Read()).Content.Generation);
    }

    [Fact]
    public void What_a_daemon_says_of_itself_is_cut_between_characters_and_read_back()
    {
        var owner = new VolumeOwner(
            Guid.NewGuid(), 7, DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123), new string('ä', 200), new string('€', 200));
        var section = AreaSection.Decode(owner.ToSection().Encode(), AreaSection.OwnerNumber);
        Assert.Equal(owner with { Host = new string('ä', 80), Directory = new string('€', 83) }, VolumeOwner.Of(section));
        Assert.Null(AreaSection.Decode(owner.ToSection().Encode(), 2));
    }

    private static VolumeOwner? Owner(byte[] image, Scratch scratch) =>
        VolumeArea.Read(new JournalBytes(new MemoryStream(image)), scratch.Layout).Owner;
}
