using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests;

/// <summary>What every driver promises about SRs. A driver is held to the contract by deriving from the two conformance classes.</summary>
public abstract class SrDriverConformance : IAsyncLifetime
{
    protected abstract ISrDriver Driver { get; }

    /// <summary>A location that exists and is empty; a second one, apart from it, by another number.</summary>
    protected abstract IReadOnlyDictionary<string, string> Config(int number = 0);

    /// <summary>The device config of a clone; number 0: in the location of its source.</summary>
    protected virtual IReadOnlyDictionary<string, string> CloneConfig(int number = 1) => Config(number);

    /// <summary>The driver that a clone is attached with.</summary>
    protected virtual ISrDriver CloneDriver => Driver;

    /// <summary>The number of the failure when there is no device config.</summary>
    protected virtual int FailureWithoutConfig => 94;

    /// <summary>Whether one place can hold several SRs.</summary>
    protected virtual bool HoldsSeveral => true;

    protected SrUuid SrId { get; } = NewSr();

    protected ISr Sr { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        await Driver.CreateAsync(SrId, Config(), Token);
        Sr = await AttachAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Sr.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected Task<ISr> AttachAsync(SrAccess access = SrAccess.ReadWrite) => Driver.AttachAsync(SrId, Config(), access, Token);

    [Fact]
    public void Driver_describes_itself()
    {
        Assert.Matches("^[a-z]+$", Driver.Type);
        Assert.NotEmpty(Driver.Description);
        Assert.All(Driver.Features.Words, word => Assert.Matches("^[A-Z_]+$", word));
        Assert.Equal(Driver.Features.HoldsMetadata, Driver.Features.Words.Contains("SR_METADATA"));
    }

    [Fact]
    public async Task Missing_device_config_is_refused_by_every_call()
    {
        var none = new Dictionary<string, string>();
        await FailsAsync(FailureWithoutConfig, () => Driver.ProbeAsync(none, Token));
        await FailsAsync(FailureWithoutConfig, () => Driver.CreateAsync(SrId, none, Token));
        await FailsAsync(FailureWithoutConfig, () => Driver.AttachAsync(SrId, none, SrAccess.ReadOnly, Token));
        await FailsAsync(FailureWithoutConfig, () => Driver.DestroyAsync(SrId, none, Token));
    }

    [Fact]
    public async Task Create_may_be_repeated_while_the_SR_is_empty()
    {
        await Driver.CreateAsync(SrId, Config(), Token);
        Assert.Empty(await Sr.ScanAsync(Token));
    }

    [Fact]
    public async Task Create_of_an_SR_that_holds_disks_is_refused_and_changes_nothing()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 1));
        await FailsAsync(42, () => Driver.CreateAsync(SrId, Config(), Token));
        Assert.Equal(disk.Uuid, Assert.Single(await Sr.ScanAsync(Token)).Uuid);
    }

    [Fact]
    public async Task Attach_of_an_SR_that_is_not_there_is_refused()
        => await FailsAsync(47, () => Driver.AttachAsync(NewSr(), Config(), SrAccess.ReadWrite, Token));

    [Fact]
    public async Task Two_attaches_see_the_same_disks()
    {
        await using var other = await AttachAsync();
        var disk = await NewDiskAsync(Sr, Content(4096, 2));
        Assert.Equal(Content(4096, 2), await ReadAsync(other, disk.Uuid));
    }

    [Fact]
    public async Task Probe_lists_each_SR_with_its_metadata_volumes()
    {
        var second = NewSr();
        if (HoldsSeveral)
            await Driver.CreateAsync(second, Config(), Token);
        await NewDiskAsync(Sr, Content(4096, 3));
        var metadata = await Sr.CreateVdiAsync(
            new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 8 * Mib, Type = VdiType.Metadata }, Token);

        var found = await Driver.ProbeAsync(Config(), Token);

        Assert.Equal(HoldsSeveral ? [SrId, second] : [SrId], found.Select(sr => sr.Uuid).OrderBy(sr => sr != SrId));
        Assert.All(found, sr => Assert.Null(sr.Unreadable));
        var probed = Assert.Single(found.Single(sr => sr.Uuid == SrId).Metadata);
        Assert.Equal((metadata.Uuid, 8 * Mib), (probed.Uuid, probed.VirtualSizeBytes));
        Assert.All(found.Where(sr => sr.Uuid == second), sr => Assert.Empty(sr.Metadata));
    }

    [Fact]
    public async Task Probe_of_an_empty_location_finds_nothing() => Assert.Empty(await Driver.ProbeAsync(Config(1), Token));

    [Fact]
    public async Task Destroy_may_be_repeated()
    {
        await Sr.DetachAsync(Token);
        await Driver.DestroyAsync(SrId, Config(), Token);
        await Driver.DestroyAsync(SrId, Config(), Token);
        Assert.Empty(await Driver.ProbeAsync(Config(), Token));
    }

    [Fact]
    public async Task Destroy_of_an_SR_that_holds_disks_is_refused_and_changes_nothing()
    {
        await NewDiskAsync(Sr, Content(4096, 4));
        await FailsAsync(39, () => Driver.DestroyAsync(SrId, Config(), Token));
        Assert.Single(await Sr.ScanAsync(Token));
    }

    [Fact]
    public async Task Stat_measures_what_is_taken_of_the_storage()
    {
        await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 3 * Mib }, Token);
        var state = await Sr.StatAsync(Token);
        Assert.InRange(state.PhysicalUtilisationBytes, 0, state.PhysicalSizeBytes);
    }

    [Fact]
    public async Task After_detach_every_call_says_so()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 5));
        await Sr.DetachAsync(Token);
        await Sr.DetachAsync(Token);
        await FailsAsync("SR_NOT_ATTACHED", () => Sr.ScanAsync(Token));
        await FailsAsync("SR_NOT_ATTACHED", () => Sr.StatAsync(Token));
        await FailsAsync("SR_NOT_ATTACHED", () => Sr.ExportVdiAsync(disk.Uuid, DiskFormat.Raw, Token));
        await FailsAsync("SR_NOT_ATTACHED", () => Sr.DestroyVdiAsync(disk.Uuid, Token));
    }

    [Fact]
    public async Task Read_only_attach_looks_and_changes_nothing()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 6));
        await using var looking = await AttachAsync(SrAccess.ReadOnly);
        Assert.Equal(Content(4096, 6), await ReadAsync(looking, disk.Uuid));
        Assert.Single(await looking.ScanAsync(Token));

        const string refused = "OPERATION_NOT_ALLOWED";
        await FailsAsync(refused, () => looking.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 512 }, Token));
        await FailsAsync(refused, () => looking.DestroyVdiAsync(disk.Uuid, Token));
        await FailsAsync(refused, () => looking.ResizeVdiAsync(disk.Uuid, Mib, Token));
        await FailsAsync(refused, () => looking.CloneVdiAsync(disk.Uuid, NewVdi(), Token));
        await FailsAsync(refused, () => looking.SnapshotVdiAsync(disk.Uuid, NewVdi(), Token));
        await FailsAsync(refused, () => WriteAsync(looking, disk.Uuid, new byte[512]));
        if (Driver.Features.AttachesVdis)
        {
            await FailsAsync(refused, () => looking.AttachVdiAsync(disk.Uuid, SrAccess.ReadWrite, Token));
            await FailsAsync(refused, () => looking.OpenDeviceAsync(disk.Uuid, SrAccess.ReadWrite, Token));
            await using var attached = await looking.AttachVdiAsync(disk.Uuid, SrAccess.ReadOnly, Token);
            Assert.Equal(SrAccess.ReadOnly, attached.Access);
        }

        Assert.Equal(disk.Uuid, Assert.Single(await Sr.ScanAsync(Token)).Uuid);
    }

    [Fact]
    public async Task A_writable_clone_reads_like_its_source_and_leaves_it_alone()
    {
        var kept = await NewDiskAsync(Sr, Content(1 << 20, 7));
        var mapped = await NewDiskAsync(Sr, Content(1 << 20, 8), DiskFormat.Raw);
        await Sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib, Type = VdiType.Metadata }, Token);
        var fresh = NewVdi();
        await using var looking = await AttachAsync(SrAccess.ReadOnly);
        if (Driver.Features.TestCloneType is null)
        {
            await RefusesToCloneAsync(looking);
            return;
        }

        var config = new SrCloneConfig
        {
            Uuid = NewSr(),
            DeviceConfig = CloneConfig(),
            VdiUuids = new Dictionary<VdiUuid,
            VdiUuid>
            { [mapped.Uuid] = fresh }
        };

        var clone = await looking.CloneWritableAsync(config, Token);
        await using var sr = clone.Sr;

        Assert.Empty(clone.Skipped);
        Assert.Equal(new HashSet<VdiUuid> { kept.Uuid, fresh }, (await sr.ScanAsync(Token)).Select(vdi => vdi.Uuid).ToHashSet());
        Assert.Equal(Content(1 << 20, 8), await ReadAsync(sr, fresh));
        await WriteAsync(sr, kept.Uuid, Content(1 << 20, 9));
        Assert.Equal(Content(1 << 20, 9), await ReadAsync(sr, kept.Uuid));
        Assert.Equal(Content(1 << 20, 7), await ReadAsync(Sr, kept.Uuid));

        await using var again = await CloneDriver.AttachAsync(config.Uuid, clone.DeviceConfig, SrAccess.ReadWrite, Token);
        Assert.All(await again.ScanAsync(Token), vdi => Assert.Null(vdi.Unreadable));
        await again.DestroyVdiAsync(kept.Uuid, Token);
        await again.DestroyVdiAsync(fresh, Token);
        await CloneDriver.DestroyAsync(config.Uuid, clone.DeviceConfig, Token);
        Assert.Equal(3, (await Sr.ScanAsync(Token)).Count);
    }

    [Fact]
    public async Task A_writable_clone_in_the_location_of_its_source_is_refused()
    {
        if (Driver.Features.TestCloneType is null)
            await RefusesToCloneAsync(Sr);
        else
            await FailsAsync(1, () => Sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = CloneConfig(0) }, Token));
    }

    [Fact]
    public async Task A_writable_clone_that_would_merge_two_disks_is_refused_and_leaves_nothing()
    {
        var one = await NewDiskAsync(Sr, Content(512, 1));
        var two = await NewDiskAsync(Sr, Content(512, 2));
        if (Driver.Features.TestCloneType is null)
        {
            await RefusesToCloneAsync(Sr);
            return;
        }

        var map = new Dictionary<VdiUuid, VdiUuid> { [one.Uuid] = two.Uuid };
        var config = CloneConfig();
        await FailsAsync(
            1, () => Sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = config, VdiUuids = map }, Token));
        Assert.Empty(await CloneDriver.ProbeAsync(config, Token));
    }

    private static Task RefusesToCloneAsync(ISr sr) => FailsAsync(
        "SR_OPERATION_NOT_SUPPORTED",
        () => sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = new Dictionary<string, string>() }, Token));
}
