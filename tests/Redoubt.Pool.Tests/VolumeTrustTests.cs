using System.Collections.Immutable;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Pool.Tests;

/// <summary>Whom a recovery site believes, and in which company.</summary>
public sealed class VolumeTrustTests : IDisposable
{
    private static readonly Guid Sr = new("5a000000-0000-4000-8000-000000000001");
    private static readonly Guid Pool = new("90000000-0000-4000-8000-000000000001");
    private static readonly Guid Genuine = new("d0000000-0000-4000-8000-000000000001");
    private static readonly Guid Guest = new("d0000000-0000-4000-8000-000000000002");

    private readonly VolumeKey _key = VolumeKey.Create();
    private readonly VolumeKey _guests = VolumeKey.Create();

    public void Dispose()
    {
        _key.Dispose();
        _guests.Dispose();
    }

    [Fact]
    public void The_first_look_at_a_lone_signed_volume_is_trusted_and_remembered()
    {
        var (standings, met) = Judge([Signed(Genuine, _key)]);
        Assert.Equal(new VolumeStanding.Proven(_key.Fingerprint), standings[Id(Genuine)]);
        Assert.Equal(_key.Fingerprint, met[Id(Pool)]);
    }

    [Fact]
    public void A_lone_unsigned_volume_is_unproven_until_it_is_accepted()
    {
        var claim = Signed(Genuine, _key) with { Signature = null };
        Assert.IsType<VolumeStanding.Unproven>(Judge([claim]).Standings[Id(Genuine)]);
        Assert.IsType<VolumeStanding.Accepted>(Judge([claim], accepted: [Genuine]).Standings[Id(Genuine)]);
    }

    [Fact]
    public void The_bytes_of_a_genuine_volume_prove_nothing_on_another_disk()
    {
        var copied = Signed(Genuine, _key) with { VdiUuid = Id(Guest) };
        var standings = Judge([Signed(Genuine, _key), copied], (Pool, _key, false)).Standings;
        Assert.IsType<VolumeStanding.Proven>(standings[Id(Genuine)]);
        Assert.Contains("copied", Assert.IsType<VolumeStanding.Unproven>(standings[Id(Guest)]).Why, StringComparison.Ordinal);
        Assert.IsType<VolumeStanding.Unproven>(
            Judge([Signed(Genuine, _key) with { SrUuid = Id(Guid.NewGuid()) }], (Pool, _key, false)).Standings[Id(Genuine)]);
        Assert.IsType<VolumeStanding.Unproven>(
            Judge([Signed(Genuine, _key) with { PoolUuid = Id(Guid.NewGuid()) }], (Pool, _key, false)).Standings[Id(Genuine)]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_key_than_the_known_one_proves_nothing(bool isFromFirstLook)
    {
        var standings = Judge([Signed(Genuine, _key), Signed(Guest, _guests)], (Pool, _key, isFromFirstLook)).Standings;
        Assert.IsType<VolumeStanding.Proven>(standings[Id(Genuine)]);
        Assert.Contains(_guests.Fingerprint, Assert.IsType<VolumeStanding.Unproven>(standings[Id(Guest)]).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_keys_for_one_pool_at_the_first_look_neither_is_chosen()
    {
        var (standings, met) = Judge([Signed(Genuine, _key), Signed(Guest, _guests)]);
        Assert.All(standings.Values, s => Assert.IsType<VolumeStanding.Unproven>(s));
        Assert.Empty(met);
    }

    [Fact]
    public void At_the_first_look_a_guests_disk_is_a_disk_since_the_genuine_volume_says_so()
    {
        var (standings, met) = Judge([Signed(Genuine, _key, Guest), Signed(Guest, _guests, pool: Guid.NewGuid())]);
        Assert.IsType<VolumeStanding.Proven>(standings[Id(Genuine)]);
        Assert.IsType<VolumeStanding.Disk>(standings[Id(Guest)]);
        Assert.Equal([Id(Pool)], met.Keys);
    }

    [Fact]
    public void Nor_does_it_help_to_sign_as_the_genuine_pool_or_to_have_its_whole_database()
    {
        var (standings, met) = Judge([Signed(Genuine, _key, Guest), Signed(Guest, _guests, Guest)]);
        Assert.IsType<VolumeStanding.Proven>(standings[Id(Genuine)]);
        Assert.IsType<VolumeStanding.Disk>(standings[Id(Guest)]);
        Assert.Equal(_key.Fingerprint, met[Id(Pool)]);
        Assert.IsType<VolumeStanding.Unproven>(Judge([Signed(Guest, _guests, Guest)]).Standings[Id(Guest)]);
    }

    [Fact]
    public void A_guest_that_signs_beside_a_genuine_xapi_volume_is_not_believed()
    {
        var standings = Judge(
            [Signed(Genuine, _key, Guest) with { Signature = null }, Signed(Guest, _guests, pool: Guid.NewGuid())]).Standings;
        Assert.All(standings.Values, s => Assert.IsType<VolumeStanding.Unproven>(s));
    }

    [Fact]
    public void Two_that_call_each_other_disks_are_for_the_operator_to_tell_apart()
    {
        VolumeClaim[] claims = [Signed(Genuine, _key, Guest), Signed(Guest, _guests, Genuine, Guid.NewGuid())];
        Assert.All(Judge(claims).Standings.Values, s => Assert.IsType<VolumeStanding.Unproven>(s));
        var told = Judge(claims, (Pool, _key, false)).Standings;
        Assert.IsType<VolumeStanding.Proven>(told[Id(Genuine)]);
        Assert.IsType<VolumeStanding.Disk>(told[Id(Guest)]);

        // What was met long ago is not shaken by what comes along.
        Assert.IsType<VolumeStanding.Proven>(Judge(claims, (Pool, _key, true)).Standings[Id(Genuine)]);
    }

    [Fact]
    public void What_is_recorded_as_a_disk_is_one()
    {
        var standings = VolumeTrust.Judge(
            [Signed(Guest, _guests, pool: Guid.NewGuid())], new Dictionary<string, KnownKey>(), new HashSet<string>(), _ => true).Standings;
        Assert.IsType<VolumeStanding.Disk>(standings[Id(Guest)]);
    }

    private static (ImmutableDictionary<string, VolumeStanding> Standings, ImmutableDictionary<string, string> Met) Judge(
        VolumeClaim[] claims, (Guid Pool, VolumeKey Key, bool IsFromFirstLook)? known = null, Guid[]? accepted = null) => VolumeTrust.Judge(
        claims,
        known is { } k
            ? new Dictionary<string, KnownKey> { [Id(k.Pool)] = new(k.Key.Fingerprint, k.IsFromFirstLook) }
            : new Dictionary<string, KnownKey>(),
        (accepted ?? []).Select(Id).ToHashSet(), _ => false);

    private static VolumeClaim Signed(Guid vdi, VolumeKey key, Guid? disk = null, Guid? pool = null) => new(
        Id(vdi), Id(Sr), Id(pool ?? Pool), new VolumeSignature(vdi, Sr, pool ?? Pool, 1, 2, 3, "", [.. key.PublicKey.Span]),
        disk is { } d ? [Id(d)] : []);

    private static string Id(Guid uuid) => uuid.ToString("D");
}
