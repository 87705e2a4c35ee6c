using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Tests.Journal.Area;

public sealed class SignatureTests : IDisposable
{
    private readonly Scratch _scratch = new(historyBlocks: 16);
    private readonly VolumeKey _key = VolumeKey.Create();
    private readonly Guid _vdi = Guid.NewGuid();
    private readonly Guid _sr = Guid.NewGuid();

    public void Dispose()
    {
        _key.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_whole_write_signs_which_volume_it_is_and_a_state_of_the_history_signs_how_far_it_has_come()
    {
        using var writer = Writer(_key);
        writer.WriteDatabase(Scratch.Counters(0));
        var first = Signature()!;
        Assert.Equal((_vdi, _sr, 0, _key.Fingerprint), (first.Vdi, first.Sr, first.Generation, first.Fingerprint));

        writer.Append([Scratch.Transaction(0, 1, 2)]);
        Assert.Equal((2, 0), (Scratch.Content(_scratch.Read())!.Generation, Signature()!.Generation));
        writer.AddHistory(PackedDatabase.Of(Scratch.Counters(2), _scratch.Clock.GetUtcNow()));
        Assert.Equal(2, Signature()!.Generation);

        // The other half, and back again.
        writer.WriteDatabase(Scratch.Counters(4));
        Assert.Equal(4, Signature()!.Generation);
        writer.WriteDatabase(Scratch.Counters(6));
        Assert.Equal(6, Signature()!.Generation);
    }

    [Fact]
    public void Whoever_writes_the_volume_anew_without_the_key_leaves_it_unsigned()
    {
        using (var writer = Writer(_key))
            writer.WriteDatabase(Scratch.Counters(0));
        using (var stranger = Writer(null))
            stranger.WriteDatabase(Scratch.Counters(2));
        Assert.Equal(2, Scratch.Content(_scratch.Read())!.Generation);
        Assert.Null(Signature());
    }

    [Fact]
    public void No_byte_of_it_can_be_another_one()
    {
        using (var writer = Writer(_key))
            writer.WriteDatabase(Scratch.Counters(0));
        var image = _scratch.Image;
        var copy = Enumerable.Range(0, 2).Single(
            c => image.AsSpan((int)AreaSection.At(_scratch.Layout.AreaStart, c, 2)).StartsWith("redoubt-section-"u8));
        var at = (int)AreaSection.At(_scratch.Layout.AreaStart, copy, 2);
        var section = AreaSection.Decode(image.AsSpan(at, AreaSection.Bytes), 2)!;
        for (var i = 0; i < section.Content.Length; i++)
        {
            var content = (byte[])section.Content.Clone();
            content[i] ^= 1;

            // With a checksum that holds, as whoever forges it makes one.
            (section with { Content = content }).Encode().CopyTo(image, at);
            var found = Scratch.Content(Scratch.Read(image, _scratch.Layout))!.Proof.Signature;
            Assert.True(found is null, $"byte {i} may be another one");
        }
    }

    [Fact]
    public void A_crash_at_any_write_leaves_a_signed_volume()
    {
        using var writer = Writer(_key);
        writer.WriteDatabase(Scratch.Counters(0));
        var before = _scratch.Image;
        var from = _scratch.Operations.Count;
        writer.WriteDatabase(Scratch.Counters(2));
        writer.Append([Scratch.Transaction(2, 1, 2)]);
        writer.AddHistory(PackedDatabase.Of(Scratch.Counters(4), _scratch.Clock.GetUtcNow()));
        writer.WriteDatabase(Scratch.Counters(6));
        for (var done = from; done <= _scratch.Operations.Count; done++)
        {
            var image = (byte[])before.Clone();
            foreach (var operation in _scratch.Operations.Skip(from).Take(done - from).Where(o => !o.IsFlush))
                operation.Bytes!.CopyTo(image, (int)operation.Offset);
            Assert.Equal(_key.Fingerprint, Scratch.Content(Scratch.Read(image, _scratch.Layout))!.Proof.Signature?.Fingerprint);
        }
    }

    private JournalWriter Writer(VolumeKey? key) => new(
        _scratch.Device, _scratch.Layout, _scratch.Clock, signer: key is null ? null : new VolumeSigner(key, _vdi, _sr));

    private VolumeSignature? Signature() => Scratch.Content(_scratch.Read())!.Proof.Signature;
}
