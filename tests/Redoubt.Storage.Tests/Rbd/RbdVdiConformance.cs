namespace Redoubt.Storage.Tests.Rbd;

[Collection(CephCollection.Name)]
[Trait("Needs", "soak")]
public sealed class RbdVdiConformance(CephSite site) : VdiConformance
{
    protected override ISrDriver Driver => site.Driver;

    // Ceph doesn't say what an image takes without counting.
    protected override long NewVolumeTakesBytesMax => long.MaxValue;

    public override async ValueTask InitializeAsync()
    {
        site.Ceph.Require();
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config() => site.Ceph.Config(CephSite.Pools[0]);

    // Images are raw, and thin all the same.
    protected override bool Keeps(DiskFormat format) => format == DiskFormat.Raw;

    public override async ValueTask DisposeAsync()
    {
        if (Sr is not null)
        {
            await base.DisposeAsync();
            await site.ClearAsync();
        }
    }
}
