using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Tests.Journal.Area;

/// <summary>With proof, no damage anywhere is silent and none yields a state that was not.</summary>
public sealed class ProofDamageTests
{
    private const int OneOf = 8;

    [Theory]
    [InlineData(2, false, Large.None)]
    [InlineData(3, true, Large.None)]
    [InlineData(2, false, Large.All)]
    [InlineData(3, true, Large.Alternating)]
    public void Every_changed_byte_gives_the_newest_state_or_says_which_it_gives_and_that_it_is_not_the_newest(
        int fullWrites, bool history, Large large)
    {
        var volume = new SmallVolume(fullWrites, history: history, large: large);
        var (whole, cut, nothing) = (0, 0, 0);
        foreach (var mask in (byte[])[0x01, 0x03, 0x80])
        {
            // Each byte once, and each thirteenth in two more ways.
            foreach (var at in mask == 1 ? Sampling.Below(volume.Image.Length, OneOf) : Sampling.Below((int)volume.Layout.UsedBytes, OneOf, 13))
            {
                volume.Image[at] ^= mask;
                var verdict = volume.Check(volume.Image, $"byte {at} ^ {mask:x2}");
                volume.Image[at] ^= mask;
                switch (verdict)
                {
                    case JournalVerdict.Intact:
                        whole++;
                        break;
                    case JournalVerdict.CutAt:
                        cut++;
                        break;
                    default:
                        nothing++;
                        Assert.Equal((JournalLayout.ValidityOffset, typeof(JournalVerdict.Empty)), (at, verdict.GetType()));
                        break;
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{whole} whole, {cut} cut, {nothing} nothing");
        // Of a large database the half has little but the log.
        Assert.True(cut > Sampling.Share(large == Large.None ? 1500 : 500, OneOf), $"{cut}");
    }

    [Theory]
    [InlineData(Large.None)]
    [InlineData(Large.All)]
    [InlineData(Large.Alternating)]
    public void Every_truncation_gives_a_state_that_was_or_none(Large large)
    {
        var volume = new SmallVolume(large: large);
        var used = (int)volume.Layout.UsedBytes;
        foreach (var length in Sampling.Below(used, OneOf)
            .Concat(Sampling.Below(volume.Image.Length - used, OneOf, 13).Select(beyond => used + beyond)))
        {
            // A volume that lost its area as well has no proof left, so that all that can be asked is a state that was.
            var verdict = Scratch.Read(volume.Image[..length], volume.Layout);
            if (Scratch.Content(verdict) is { } content)
                Assert.True(
                    volume.States.TryGetValue(content.Generation, out var state) && state.Equals(content.Database),
                    $"{length}: {content.Generation}");
            if (length >= volume.Layout.UsedBytes && large == Large.None)
                Assert.Equal(volume.Newest, Scratch.Content(verdict)!.Database);
        }
    }

    [Theory]
    [InlineData(512, 512, Large.None)]
    [InlineData(4096, 4096, Large.None)]
    [InlineData(16, 1, Large.None)]
    [InlineData(100, 7, Large.None)]
    [InlineData(512, 512, Large.All)]
    [InlineData(4096, 4096, Large.Alternating)]
    [InlineData(16, 3, Large.All)]
    [InlineData(100, 7, Large.Alternating)]
    public void Every_stretch_of_zeros_is_noticed(int length, int step, Large large)
    {
        var volume = new SmallVolume(large: large);
        foreach (var at in Sampling.Below(volume.Image.Length, length < 512 ? OneOf : 1, step))
        {
            var stretch = volume.Image.AsSpan(at, Math.Min(length, volume.Image.Length - at));
            if (!stretch.ContainsAnyExcept((byte)0))
                continue;
            var damaged = (byte[])volume.Image.Clone();
            damaged.AsSpan(at, stretch.Length).Clear();
            volume.Check(damaged, $"zeros at {at}");
        }
    }

    [Theory]
    [InlineData(1, Large.None)]
    [InlineData(2, Large.None)]
    [InlineData(3, Large.None)]
    [InlineData(4, Large.None)]
    [InlineData(5, Large.All)]
    [InlineData(6, Large.Alternating)]
    public void Any_one_stretch_of_garbage_in_a_larger_volume_is_noticed(int seed, Large large)
    {
        var volume = new SmallVolume(
            fullWrites: 4, batches: large == Large.None ? 30 : 6, halfBytes: large == Large.None ? 32 * 1024 : 4096, seed: seed,
            large: large);
        var random = new Random(seed);
        for (var round = 0; round < Sampling.Share(400, OneOf); round++)
        {
            var damaged = (byte[])volume.Image.Clone();
            var at = random.Next(18, (int)(random.Next(3) == 0 ? damaged.Length : volume.Layout.UsedBytes) - 600);
            var stretch = damaged.AsSpan(at, random.Next(1, 600));
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(stretch);
                    break;
                case 1:
                    // A stale or misplaced sector.
                    volume.Image.AsSpan(random.Next((int)volume.Layout.UsedBytes - 600), stretch.Length).CopyTo(stretch);
                    break;
                default:
                    stretch.Reverse();
                    break;
            }

            volume.Check(damaged, $"seed {seed}, round {round}, at {at}");
        }
    }

    [Fact]
    public void A_changed_value_that_the_format_cannot_notice_cuts_the_log_before_it_and_says_what_is_missing()
    {
        var volume = new SmallVolume();
        var at = (int)volume.Content.EndOffset - JournalLayout.TrailerBytes - 3;
        volume.Image[at] ^= 1;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(JournalDamageKind.Checksum, Assert.Single(cut.Damage).Kind);
        var expected = volume.States.Keys.Order().ElementAt(^2);
        Assert.Equal((expected, volume.Newest.Manifest.Generation), (cut.Content.Generation, cut.LastSeenGeneration!.Value));
        Assert.Equal(volume.Times[expected], cut.Content.WrittenAt);
        Assert.Equal(volume.Times[volume.Newest.Manifest.Generation], cut.LastSeenAt);
        Assert.False(cut.FromOtherHalf);
    }

    [Fact]
    public void A_database_that_was_damaged_is_taken_from_the_history_and_the_rest_of_the_log_goes_on_it()
    {
        var volume = new SmallVolume();
        volume.Image[(int)volume.Layout.StartOf(volume.Content.Half) + 300] ^= 1;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(JournalDamageKind.Checksum, Assert.Single(cut.Damage).Kind);
        Assert.Equal(volume.Newest, cut.Content.Database);
        Assert.False(cut.FromOtherHalf);
        Assert.Equal((volume.Content.DatabaseGeneration, null), (cut.Content.History!.Generation, cut.LastSeenGeneration));
        Assert.Equal((ProofStanding.Whole, volume.Content.WrittenAt), (cut.Content.Proof.Standing, cut.Content.WrittenAt));
    }

    [Fact]
    public void When_both_halves_are_lost_the_newest_state_of_the_history_is_taken()
    {
        var volume = new SmallVolume();
        var halves = volume.Image.AsSpan(0, (int)volume.Layout.UsedBytes);
        halves[JournalLayout.HeaderBytes..].Clear();
        // The proof records too, or the log would still be known to have gone on.
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(volume.Content.DatabaseGeneration, cut.Content.History!.Generation);
        Assert.Equal(volume.States[cut.Content.Generation], cut.Content.Database);
        Assert.Equal((volume.Newest.Manifest.Generation, volume.Content.WrittenAt), (cut.LastSeenGeneration!.Value, cut.LastSeenAt));
    }

    [Fact]
    public void Without_history_the_other_half_is_taken_and_what_is_missing_is_told()
    {
        var volume = new SmallVolume(history: false);
        volume.Image[(int)volume.Layout.StartOf(volume.Content.Half) + 300] ^= 1;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.True(cut.FromOtherHalf);
        Assert.Equal(volume.Content.DatabaseGeneration, cut.Content.Generation);
        Assert.Equal((volume.Newest.Manifest.Generation, volume.Content.WrittenAt), (cut.LastSeenGeneration!.Value, cut.LastSeenAt));
    }

    [Theory]
    [InlineData(Large.None, '1')]
    [InlineData(Large.None, '4')]
    [InlineData(Large.None, '3')]
    [InlineData(Large.All, '1')]
    [InlineData(Large.All, '2')]
    [InlineData(Large.All, '4')]
    [InlineData(Large.Alternating, '1')]
    [InlineData(Large.Alternating, '2')]
    public void A_byte_that_names_the_wrong_half_or_form_is_found_out(Large large, char wrong)
    {
        var volume = new SmallVolume(fullWrites: large == Large.None ? 2 : 3, large: large);
        Assert.NotEqual((byte)wrong, volume.Image[JournalLayout.ValidityOffset]);
        volume.Image[JournalLayout.ValidityOffset] = (byte)wrong;
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(JournalDamageKind.ValidityByte, Assert.Single(cut.Damage).Kind);
        Assert.Equal(volume.Newest, cut.Content.Database);
        Assert.False(cut.FromOtherHalf);
    }

    [Fact]
    public void A_volume_that_lost_its_first_sector_is_still_read()
    {
        var volume = new SmallVolume();
        volume.Image.AsSpan(0, 512).Clear();
        var cut = Assert.IsType<JournalVerdict.CutAt>(Scratch.Read(volume.Image, volume.Layout));
        Assert.Equal(JournalDamageKind.Magic, cut.Damage[0].Kind);
        Assert.Equal(volume.Newest, cut.Content.Database);
    }
}
