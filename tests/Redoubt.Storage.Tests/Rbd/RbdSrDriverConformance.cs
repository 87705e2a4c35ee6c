namespace Redoubt.Storage.Tests.Rbd;

[Collection(CephCollection.Name)]
[Trait("Needs", "soak")]
public sealed class RbdSrDriverConformance(CephSite site) : SrDriverConformance
{
    protected override ISrDriver Driver => site.Driver;

    protected override int FailureWithoutConfig => 100;

    public override async ValueTask InitializeAsync()
    {
        site.Ceph.Require();
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config(int number = 0) => site.Ceph.Config(CephSite.Pools[number]);

    // Clones lie in the same pool, apart from what is not for tests.
    protected override IReadOnlyDictionary<string, string> CloneConfig(int number = 1) =>
        number == 0 ? Config() : new Dictionary<string, string>(Config()) { ["test"] = "true" };

    public override async ValueTask DisposeAsync()
    {
        if (Sr is not null)
        {
            await base.DisposeAsync();
            await site.ClearAsync();
        }

        GC.SuppressFinalize(this);
    }
}
