using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal;

/// <summary>Whether what is written to is what a reader at the path would find.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class InPlaceTests
{
    /// <summary>What can happen to a volume's file so that its writer goes on into something that nobody reads.</summary>
    public static TheoryData<string> Accidents => [.. Acts.Keys];

    private static Dictionary<string, Action<string>> Acts { get; } = new()
    {
        ["removed"] = File.Delete,
        ["its folder removed"] = path => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true),
        ["its folder moved away"] = path => Directory.Move(Path.GetDirectoryName(path)!, Path.GetDirectoryName(path)! + ".old"),
        ["its folder replaced by a copy"] = path =>
        {
            var folder = Path.GetDirectoryName(path)!;
            Directory.Move(folder, folder + ".old");
            Directory.CreateDirectory(folder);
            File.Copy(Path.Combine(folder + ".old", Path.GetFileName(path)), path);
        },
        ["replaced by a copy of itself"] = path =>
        {
            File.Copy(path, path + ".copy");
            File.Move(path + ".copy", path, overwrite: true);
        },
        ["replaced by another"] = path =>
        {
            File.WriteAllBytes(path + ".other", new byte[1000]);
            File.Move(path + ".other", path, overwrite: true);
        },
        ["moved away, and a link put there"] = path =>
        {
            File.Move(path, path + ".moved");
            File.CreateSymbolicLink(path, path + ".moved");
        },
        ["replaced by a folder"] = path =>
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        },
        ["cut to nothing"] = path => File.WriteAllBytes(path, []),
        ["cut by a byte"] = path =>
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, RandomAccess.GetLength(file) - 1);
        },
        ["made read-only"] = path => File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead),
        ["made unreadable"] = path => File.SetUnixFileMode(path, UnixFileMode.UserWrite),
    };

    /// <summary>What can be written over it.</summary>
    public static TheoryData<string> Writings => [.. Overwritings.Keys];

    private static Dictionary<string, Action<byte[], Scratch, byte[]>> Overwritings { get; } = new()
    {
        ["zeros"] = (image, _, _) => Array.Clear(image),
        ["zeros over the head"] = (image, _, _) => Array.Clear(image, 0, 512),
        ["the validity"] = (image, _, _) => image[JournalLayout.ValidityOffset] = (byte)'0',
        ["the header of the area"] = (image, scratch, _) => Array.Clear(image, (int)scratch.Layout.AreaStart, 8192),
        ["everything, at random"] = (image, _, _) => new Random(1).NextBytes(image),
        ["an older state of itself"] = (image, _, older) => older.CopyTo(image, 0),
        ["another pool's volume"] = (image, scratch, _) =>
        {
            using var other = new Scratch(historyBlocks: 16);
            foreach (var generation in (long[])[0, 2, 4])
            {
                using var writer = other.Writer(owner: scratch.Owner("/other"));
                writer.WriteDatabase(
                    Dumps.Of(
                        generation,
                        new DumpTable(
                            "pool", [Dumps.Row("p", ("uuid", "11111111-2222-3333-4444-555555555555"), ("name_label", "theirs"))])));
            }

            other.Image.CopyTo(image, 0);
        },
    };

    [Theory]
    [MemberData(nameof(Accidents))]
    public void A_volume_that_a_reader_no_longer_finds_takes_no_change_and_is_not_proven(string accident)
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var writer = scratch.Writer(owner: scratch.Owner("/one"));
        writer.WriteDatabase(Scratch.Counters(0));
        Assert.Equal(AppendResult.Durable, writer.Append([Scratch.Transaction(0, 1, 2)]));
        writer.Prove();

        Acts[accident](scratch.Device.Path);

        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(writer.Prove).Fault);
        Assert.Equal(AppendResult.WholeDatabaseNeeded, writer.Append([Scratch.Transaction(2, 2, 2)]));
        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(() => writer.WriteDatabase(Scratch.Counters(2))).Fault);
    }

    [Theory]
    [MemberData(nameof(Accidents))]
    public void The_first_change_after_it_notices(string accident)
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var writer = scratch.Writer(owner: scratch.Owner("/one"));
        writer.WriteDatabase(Scratch.Counters(0));
        Acts[accident](scratch.Device.Path);
        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(() => writer.Append([Scratch.Transaction(0, 1, 2)])).Fault);
    }

    [Theory]
    [MemberData(nameof(Writings))]
    public void A_volume_that_was_written_over_is_not_proven(string writing)
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using var writer = scratch.Writer(owner: scratch.Owner("/one"));
        writer.WriteDatabase(Scratch.Counters(0));
        writer.Append([Scratch.Transaction(0, 1, 2)]);
        var older = scratch.Image;
        writer.Append([Scratch.Transaction(2, 2, 2)]);
        writer.Prove();
        var image = scratch.Image;
        Overwritings[writing](image, scratch, older);
        // In place, as cp does.
        scratch.Device.WriteAt(0, image);

        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(writer.Prove).Fault);
        Assert.Equal(AppendResult.WholeDatabaseNeeded, writer.Append([Scratch.Transaction(4, 3, 2)]));
    }

    [Fact]
    public void Every_byte_of_the_last_change_and_of_its_proof_is_looked_at()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        using (var writer = scratch.Writer(owner: scratch.Owner("/one")))
        {
            writer.WriteDatabase(Scratch.Counters(0));
        }

        foreach (var place in Enumerable.Range(0, int.MaxValue))
        {
            using var writer = scratch.Writer(owner: scratch.Owner("/one"));
            writer.WriteDatabase(Scratch.Counters(0));
            scratch.Operations.Clear();
            writer.Append([Scratch.Transaction(0, 1, 1)]);
            // The records without the end mark behind them, and their proof.
            var written = scratch.Operations.Where(o => !o.IsFlush && o.Bytes!.AsSpan().ContainsAnyExcept((byte)0)).ToList();
            var places = written.SelectMany(
                (o, n) => o.Bytes!.SkipLast(n == 0 ? JournalLayout.EndMarkBytes : 0)
                    .Select((b, i) => (At: o.Offset + i, Value: b))).ToList();
            if (place >= places.Count)
            {
                Assert.True(place > 128);
                return;
            }

            scratch.Device.WriteAt(places[place].At, [(byte)(places[place].Value ^ 1)]);
            Assert.Throws<JournalException>(writer.Prove);
        }
    }

    [Fact]
    public void A_volume_whose_path_was_a_link_from_the_beginning_is_in_its_place()
    {
        using var scratch = new Scratch(historyBlocks: 16);
        var link = scratch.Device.Path + ".link";
        File.CreateSymbolicLink(link, scratch.Device.Path);
        using var device = JournalDevice.Open(link);
        using var writer = new JournalWriter(device, scratch.Layout, scratch.Clock, owner: scratch.Owner("/one"));
        writer.WriteDatabase(Scratch.Counters(0));
        writer.Prove();
        File.Delete(scratch.Device.Path);
        Assert.Equal(JournalFault.Displaced, Assert.Throws<JournalException>(writer.Prove).Fault);
    }
}
