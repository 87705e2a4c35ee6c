using System.Security.Cryptography;
using Redoubt.Storage.Images;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests;

/// <summary>What every driver promises about disks.</summary>
public abstract class VdiConformance : IAsyncLifetime
{
    protected abstract ISrDriver Driver { get; }

    protected abstract IReadOnlyDictionary<string, string> Config();

    /// <summary>Whether the driver keeps disks in this format.</summary>
    protected virtual bool Keeps(DiskFormat format) => true;

    /// <summary>What a metadata volume takes that has nothing in it, as far as the driver knows.</summary>
    protected virtual long NewVolumeTakesBytesMax => Mib;

    /// <summary>Whether the mark of a disk stays as it is as long as nobody writes to it.</summary>
    protected virtual bool TellsThatNothingChanged => true;

    protected ISr Sr { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        var uuid = NewSr();
        await Driver.CreateAsync(uuid, Config(), Token);
        Sr = await Driver.AttachAsync(uuid, Config(), SrAccess.ReadWrite, Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Sr.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private void RequireKept(DiskFormat format) => Assert.SkipUnless(Keeps(format), "The driver keeps disks in the other format only.");

    private async Task<VdiState> OnlyAsync() => Assert.Single(await Sr.ScanAsync(Token));

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_new_disk_reads_as_zeros_and_is_listed(DiskFormat format)
    {
        RequireKept(format);
        var made = await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib, Format = format }, Token);
        Assert.Equal((VdiType.User, format, Mib, null), (made.Type, made.Format, made.VirtualSizeBytes, made.Unreadable));
        Assert.Equal(made, await OnlyAsync());
        Assert.Equal(new byte[Mib], await ReadAsync(Sr, made.Uuid));
    }

    [Fact]
    public async Task Sizes_are_rounded_up_to_sectors()
        => Assert.Equal(1024, (await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 513 }, Token)).VirtualSizeBytes);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData((64L << 40) + 1)]
    [InlineData(long.MaxValue)]
    public async Task Impossible_sizes_are_refused(long size)
    {
        await FailsAsync(79, () => Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = size }, Token));
        Assert.Empty(await Sr.ScanAsync(Token));
    }

    [Fact]
    public async Task A_new_metadata_volume_is_recognised_and_is_an_empty_redo_log()
    {
        var config = new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 3_988_783_104, Type = VdiType.Metadata };
        var made = await Sr.CreateVdiAsync(config, Token);
        Assert.Equal((VdiType.Metadata, DiskFormat.Raw, 3_988_783_104), (made.Type, made.Format, made.VirtualSizeBytes));
        Assert.Equal(made, await OnlyAsync());
        Assert.InRange(made.PhysicalUtilisationBytes, 1, NewVolumeTakesBytesMax);

        await using var stream = await Sr.ExportVdiAsync(made.Uuid, DiskFormat.Raw, Token);
        var first = new byte[20];
        await stream.ReadExactlyAsync(first, Token);
        Assert.Equal("redo-log--------\00\0\0"u8.ToArray(), first);
    }

    [Fact]
    public async Task Metadata_in_qcow2_is_refused()
        => await FailsAsync(66, () => Sr.CreateVdiAsync(
            new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib, Type = VdiType.Metadata, Format = DiskFormat.Qcow2 }, Token));

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_taken_UUID_is_refused_in_either_format_and_the_disk_stays(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(4096, 1));
        await FailsAsync(43, () => Sr.CreateVdiAsync(new VdiConfig { Uuid = disk.Uuid, VirtualSizeBytes = Mib, Format = format }, Token));
        await FailsAsync(43, () => Sr.CloneVdiAsync(disk.Uuid, disk.Uuid, Token));
        Assert.Equal(Content(4096, 1), await ReadAsync(Sr, disk.Uuid));
    }

    [Fact]
    public async Task Of_two_creations_of_one_UUID_at_once_exactly_one_succeeds()
    {
        var uuid = NewVdi();
        var races = Enumerable.Range(0, 4).Select(
            _ => Task.Run(() => Sr.CreateVdiAsync(new VdiConfig { Uuid = uuid, VirtualSizeBytes = Mib }, Token)));
        var outcomes = await Task.WhenAll(
            races.Select(race => race.ContinueWith(task => task.IsCompletedSuccessfully, TaskScheduler.Default)));
        Assert.Single(outcomes, succeeded => succeeded);
        Assert.Equal(uuid, (await OnlyAsync()).Uuid);
    }

    [Fact]
    public async Task Scan_is_ordered_by_UUID()
    {
        for (var i = 0; i < 8; i++)
            await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 512, Format = DiskFormat.Raw }, Token);
        var listed = (await Sr.ScanAsync(Token)).Select(vdi => vdi.Uuid.ToString()).ToList();
        Assert.Equal(listed.Order(StringComparer.Ordinal), listed);
    }

    [Fact]
    public async Task Destroy_may_be_repeated()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 1));
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.Empty(await Sr.ScanAsync(Token));
    }

    [Fact]
    public async Task A_disk_that_is_not_there_is_named_in_the_failure()
    {
        var absent = NewVdi();
        Assert.Contains(absent.ToString(), await FailsAsync(46, () => Sr.ResizeVdiAsync(absent, Mib, Token)), StringComparison.Ordinal);
        await FailsAsync(46, () => Sr.CloneVdiAsync(absent, NewVdi(), Token));
        await FailsAsync(46, () => Sr.ExportVdiAsync(absent, DiskFormat.Raw, Token));
        await FailsAsync(46, () => WriteAsync(Sr, absent, new byte[512]));
        await FailsAsync(46, () => Sr.StatVdiAsync(absent, Token));
        await FailsAsync(46, () => Sr.AttachVdiAsync(absent, SrAccess.ReadOnly, Token));
        await FailsAsync(46, () => Sr.OpenDeviceAsync(absent, SrAccess.ReadOnly, Token));
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_grown_disk_keeps_its_content_and_ends_in_zeros(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(100 * 1024, 2), format);
        var grown = await Sr.ResizeVdiAsync(disk.Uuid, Mib, Token);
        Assert.Equal(Mib, grown.VirtualSizeBytes);
        var read = await ReadAsync(Sr, disk.Uuid);
        Assert.Equal(Content(100 * 1024, 2), read[..(100 * 1024)]);
        Assert.Equal(-1, read.AsSpan(100 * 1024).IndexOfAnyExcept((byte)0));
        Assert.Equal(Mib, (await Sr.ResizeVdiAsync(disk.Uuid, Mib, Token)).VirtualSizeBytes);
    }

    [Fact]
    public async Task Shrinking_is_refused()
    {
        var disk = await NewDiskAsync(Sr, Content(8192, 3));
        await FailsAsync(79, () => Sr.ResizeVdiAsync(disk.Uuid, 4096, Token));
        Assert.Equal(Content(8192, 3), await ReadAsync(Sr, disk.Uuid));
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task Clones_and_snapshots_share_nothing_with_their_source(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(200_192, 4), format);
        var clone = await Sr.CloneVdiAsync(disk.Uuid, NewVdi(), Token);
        var snapshot = await Sr.SnapshotVdiAsync(disk.Uuid, NewVdi(), Token);
        await WriteAsync(Sr, disk.Uuid, Content(200_192, 5));
        await WriteAsync(Sr, clone.Uuid, Content(200_192, 6));
        Assert.Equal(Content(200_192, 5), await ReadAsync(Sr, disk.Uuid));
        Assert.Equal(Content(200_192, 6), await ReadAsync(Sr, clone.Uuid));
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.Equal(Content(200_192, 4), await ReadAsync(Sr, snapshot.Uuid));
    }

    [Theory]
    [InlineData(DiskFormat.Raw, DiskFormat.Raw)]
    [InlineData(DiskFormat.Raw, DiskFormat.Qcow2)]
    [InlineData(DiskFormat.Qcow2, DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2, DiskFormat.Qcow2)]
    public async Task What_is_exported_can_be_imported(DiskFormat kept, DiskFormat carried)
    {
        RequireKept(kept);
        var source = await NewDiskAsync(Sr, Content(300_032, 7), kept);
        var target = await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib, Format = kept }, Token);
        await using (var stream = await Sr.ExportVdiAsync(source.Uuid, carried, Token))
            await Sr.ImportVdiAsync(target.Uuid, stream, carried, Token);
        var read = await ReadAsync(Sr, target.Uuid);
        Assert.Equal(Mib, read.Length);
        Assert.Equal(Content(300_032, 7), read[..300_032]);
        Assert.Equal(
            target with { PhysicalUtilisationBytes = 0 },
            (await Sr.ScanAsync(Token)).Single(vdi => vdi.Uuid == target.Uuid) with { PhysicalUtilisationBytes = 0 });
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task Import_replaces_the_whole_content(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(8192, 8), format);
        await WriteAsync(Sr, disk.Uuid, [1, 2, 3]);
        var read = await ReadAsync(Sr, disk.Uuid);
        Assert.Equal([1, 2, 3], read[..3]);
        Assert.Equal(-1, read.AsSpan(3).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task Content_that_does_not_fit_is_refused_and_the_disk_stays(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(8192, 9), format);
        await FailsAsync(79, () => WriteAsync(Sr, disk.Uuid, new byte[8193]));
        Assert.Equal(Content(8192, 9), await ReadAsync(Sr, disk.Uuid));
    }

    [Fact]
    public async Task An_import_whose_source_fails_leaves_the_disk_as_it_was()
    {
        var disk = await NewDiskAsync(Sr, Content(4 << 20, 10));
        using var failing = new FailingStream(Content(3 << 20, 11), () => throw new IOException("the sender is gone"));
        var failure = await Assert.ThrowsAsync<IOException>(() => Sr.ImportVdiAsync(disk.Uuid, failing, DiskFormat.Raw, Token));
        Assert.Equal("the sender is gone", failure.Message);
        Assert.Equal(SHA256.HashData(Content(4 << 20, 10)), SHA256.HashData(await ReadAsync(Sr, disk.Uuid)));
    }

    [Fact]
    public async Task A_cancelled_import_leaves_the_disk_as_it_was()
    {
        var disk = await NewDiskAsync(Sr, Content(4 << 20, 10));
        using var stop = new CancellationTokenSource();
        using var content = new FailingStream(Content(3 << 20, 11), stop.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Sr.ImportVdiAsync(disk.Uuid, content, DiskFormat.Raw, stop.Token));
        Assert.Equal(SHA256.HashData(Content(4 << 20, 10)), SHA256.HashData(await ReadAsync(Sr, disk.Uuid)));
        Assert.Single(await Sr.ScanAsync(Token));
    }

    [Theory]
    [InlineData("-b", "/etc/passwd", "-F", "raw")]
    [InlineData("-o", "data_file=/etc/hostname,data_file_raw=on")]
    public async Task A_qcow2_image_that_refers_to_another_file_is_refused(params string[] options)
    {
        using var temp = new TempDirectory();
        var path = temp.In("hostile");
        if (options[0] == "-o")
            options[1] = options[1].Replace("/etc/hostname", temp.In("data"), StringComparison.Ordinal);
        await new ChildProcess(TimeProvider.System, "qemu-img")
            .RunAsync(["create", "-q", "-f", "qcow2", .. options, path, "4096"], TimeSpan.FromMinutes(1), Token);
        var disk = await NewDiskAsync(Sr, Content(8192, 12));
        var hostile = await System.IO.File.ReadAllBytesAsync(path, Token);

        Assert.Contains(
            "another file", await FailsAsync(65, () => WriteAsync(Sr, disk.Uuid, hostile, DiskFormat.Qcow2)), StringComparison.Ordinal);
        Assert.Equal(Content(8192, 12), await ReadAsync(Sr, disk.Uuid));
    }

    [Fact]
    public async Task Garbage_is_no_qcow2_image()
    {
        var disk = await NewDiskAsync(Sr, Content(8192, 13));
        await FailsAsync(65, () => WriteAsync(Sr, disk.Uuid, Content(4096, 14), DiskFormat.Qcow2));
        await FailsAsync(65, () => WriteAsync(Sr, disk.Uuid, [], DiskFormat.Qcow2));
        Assert.Equal(Content(8192, 13), await ReadAsync(Sr, disk.Uuid));
    }

    [Fact]
    public async Task Content_cannot_turn_a_user_disk_into_metadata_nor_back()
    {
        var log = new byte[4096];
        "redo-log--------\00"u8.CopyTo(log);
        var user = await NewDiskAsync(Sr, Content(4096, 15), DiskFormat.Raw);
        var metadata = await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 4096, Type = VdiType.Metadata }, Token);
        await FailsAsync(66, () => WriteAsync(Sr, user.Uuid, log));
        await FailsAsync(66, () => WriteAsync(Sr, metadata.Uuid, Content(4096, 16)));
        await WriteAsync(Sr, metadata.Uuid, log);

        var copy = await Sr.CloneVdiAsync(metadata.Uuid, NewVdi(), Token);
        Assert.Equal(VdiType.Metadata, copy.Type);
    }

    [Fact]
    public async Task An_open_export_goes_on_to_read_what_was_there()
    {
        var disk = await NewDiskAsync(Sr, Content(1 << 20, 17), DiskFormat.Raw);
        await using var export = await Sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token);
        await WriteAsync(Sr, disk.Uuid, Content(1 << 20, 18));
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        using var read = new MemoryStream();
        await export.CopyToAsync(read, Token);
        Assert.Equal(Content(1 << 20, 17), read.ToArray());
    }

    [Fact]
    public async Task A_disk_is_looked_at_by_itself_as_a_scan_sees_it()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 19));
        Assert.Equal(await OnlyAsync(), await Sr.StatVdiAsync(disk.Uuid, Token));
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task A_disk_is_attached_exactly_where_the_driver_says_so(DiskFormat format)
    {
        RequireKept(format);
        var disk = await NewDiskAsync(Sr, Content(4096, 19), format);
        if (!Driver.Features.AttachesVdis)
        {
            await FailsAsync("SR_OPERATION_NOT_SUPPORTED", () => Sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token));
            return;
        }

        await using var attached = await Sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
        Assert.Equal((disk.Uuid, SrAccess.ReadWrite, disk.Format), (attached.Vdi, attached.Access, attached.Source.Format));
        Assert.NotEmpty(attached.Source.Place);
        await WriteThroughAsync(attached.Source, 512, Content(512, 40));
        byte[] now = [.. Content(4096, 19)[..512], .. Content(512, 40), .. Content(4096, 19)[1024..]];
        Assert.Equal(now, await ReadAsync(Sr, disk.Uuid));
    }

    [Fact]
    public async Task A_disk_that_is_attached_twice_stays_until_it_is_let_go_twice_even_after_the_SR()
    {
        if (!Driver.Features.AttachesVdis)
        {
            return;
        }

        var disk = await NewDiskAsync(Sr, Content(4096, 21), DiskFormat.Raw);
        var first = await Sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadOnly, Token);
        var second = await Sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await WriteThroughAsync(second.Source, 0, Content(512, 41));
        await Sr.DetachAsync(Token);
        await FailsAsync("SR_NOT_ATTACHED", () => Sr.AttachVdiAsync(disk.Uuid, SrAccess.ReadOnly, Token));
        await second.DisposeAsync();
    }

    [Fact]
    public async Task The_bytes_of_a_raw_disk_are_written_through_a_device_and_are_there_when_it_is_gone()
    {
        var disk = await NewDiskAsync(Sr, Content(8192, 22), DiskFormat.Raw);
        if (!Driver.Features.AttachesVdis)
        {
            await FailsAsync("SR_OPERATION_NOT_SUPPORTED", () => Sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadOnly, Token));
            return;
        }

        await using (var device = await Sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadWrite, Token))
        {
            Assert.True(Path.IsPathFullyQualified(device.Path));
            using var file = File.OpenHandle(device.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.Write(file, Content(512, 42), 4096);
            RandomAccess.FlushToDisk(file);
        }

        byte[] now = [.. Content(8192, 22)[..4096], .. Content(512, 42), .. Content(8192, 22)[4608..]];
        Assert.Equal(now, await ReadAsync(Sr, disk.Uuid));
        Assert.Equal(Content(512, 42), await Sr.LookIntoAsync(disk.Uuid, path => File.ReadAllBytes(path)[4096..4608], Token));
    }

    [Fact]
    public async Task An_image_has_no_bytes_of_a_disk()
    {
        RequireKept(DiskFormat.Qcow2);
        var disk = await NewDiskAsync(Sr, Content(4096, 23), DiskFormat.Qcow2);
        if (Driver.Features.AttachesVdis && disk.Format != DiskFormat.Raw)
        {
            await FailsAsync(66, () => Sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadOnly, Token));
        }
    }

    [Fact]
    public async Task The_marks_tell_of_every_change_and_looking_is_none()
    {
        var list = await Sr.GetMarkAsync(null, Token);
        var disk = await NewDiskAsync(Sr, Content(4096, 20), DiskFormat.Raw);
        Assert.NotEqual(list, list = await Sr.GetMarkAsync(null, Token));
        var content = await Sr.GetMarkAsync(disk.Uuid, Token);
        await Sr.ScanAsync(Token);
        await ReadAsync(Sr, disk.Uuid);
        Assert.Equal(list, await Sr.GetMarkAsync(null, Token));
        if (TellsThatNothingChanged)
            Assert.Equal(content, await Sr.GetMarkAsync(disk.Uuid, Token));
        await WriteAsync(Sr, disk.Uuid, Content(4096, 21));
        Assert.NotEqual(content, await Sr.GetMarkAsync(disk.Uuid, Token));
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.NotEqual(list, await Sr.GetMarkAsync(null, Token));
        await FailsAsync(46, () => Sr.GetMarkAsync(disk.Uuid, Token));
    }
}
