namespace Redoubt.Storage.Tests.Rbd;

[CollectionDefinition(Name)]
public sealed class CephCollection : ICollectionFixture<CephSite>
{
    public const string Name = "a Ceph cluster";
}
