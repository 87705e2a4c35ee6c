namespace Redoubt.Storage.Tests.Lvm;

/// <summary>There are few devices in the guest: one test at a time has them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LvmCollection
{
    public const string Name = "block devices of a guest";
}
