namespace Redoubt.Recovery;

/// <summary>A VM in one database.</summary>
/// <param name="Volume">The metadata volume the database is on; null for the target pool's own.</param>
/// <param name="Database">The database.</param>
/// <param name="Vm">The VM in it.</param>
internal sealed record VmCopy(VolumeFacts? Volume, DatabaseFacts Database, VmFacts Vm)
{
    public string Place => Volume?.VdiUuid ?? RecoveryPolicy.CopyHere;

    public CopyFacts Facts =>
        new(Volume?.VdiUuid, Database.Pool.Uuid, Database.Pool.Name, Vm.Version, Volume?.Generation, Vm.LastRecordedAt, Volume?.WrittenAt);
}
