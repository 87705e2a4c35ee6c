using System.Collections.Immutable;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Writable clones of SRs for a test failover. They lie in the daemon's own directory, or, where the driver can tell them apart there, with
/// the SR itself, and belong to no pool's protected storage.
/// <code>
/// clone     1 the clone's record and its connection, not plugged    whoever dies after this finds it by its label
///           2 the overlays, whole or not at all
///           3 the records of its disks, each with the disk it stands for; plugged
/// destroy   4 unplugged   5 the overlays removed   6 the records removed
/// </code>
/// Each can be repeated from any point.
/// </summary>
internal sealed partial class TestSrCalls(PoolServices pool, SrConnections connections)
{
    private const string InPlaceKey = "test";

    private string Directory => Path.Combine(Path.GetFullPath(pool.DataDirectory), "tests");

    [Message("SR.clone_for_test")]
    public Task<Ref<SrRecord>> CloneForTestAsync(CallContext call, Ref<SrRecord> self, string label) => CloneAsync(call, self, label, null);

    /// <summary>The same with some of the disks only, where a clone is a copy.</summary>
    [Message("SR.copy_for_test")]
    public Task<Ref<SrRecord>> CopyForTestAsync(CallContext call, Ref<SrRecord> self, string label, ImmutableList<string> vdis) =>
        CloneAsync(
            call, self, label,
            vdis.Select(v => VdiUuid.TryParse(v, out var uuid) ? uuid : throw new XenApiException("UUID_INVALID", "VDI", v)).ToHashSet());

    private async Task<Ref<SrRecord>> CloneAsync(CallContext call, Ref<SrRecord> self, string label, IReadOnlySet<VdiUuid>? vdis)
    {
        TestMarks.RequireLabel(label);
        var source = pool.State.Get(self);
        if (TestMarks.IsOfTest(source.OtherConfig))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The SR {source.NameLabel} ({source.Uuid}) is itself a clone for a test. Clone the SR that it is a clone of.");
        }

        var type = SrRows.Driver(pool, source.Type).Features.TestCloneType
            ?? throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", self.Opaque);
        var attached = pool.Hosts.Attached(self, source);
        using var held = await pool.Gates.EnterAsync($"test {label} of {source.Uuid}", call.Cancellation);
        var there = Find(pool.State, label, source.Uuid);
        if (!there.IsNull)
        {
            RequireClone(pool.State.Get(there));
        }

        var clone = there.IsNull ? await pool.Database.WriteAsync(tx => Record(tx, self, source, type, label), call.Cancellation) : there;
        try
        {
            await MakeAsync(clone, source, attached, label, vdis, call.Cancellation);
        }
        catch when (there.IsNull)
        {
            await RemoveAsync(clone);
            throw;
        }

        return clone;
    }

    [Message("SR.destroy_test_clone")]
    public async Task DestroyTestCloneAsync(CallContext call, Ref<SrRecord> self)
    {
        if (pool.State.Find(self) is not { } sr)
        {
            return; // It has gone: a clean-up that died after its last step is repeated from its first.
        }

        RequireClone(sr);
        using var held = await pool.Gates.EnterAsync(
            $"test {sr.OtherConfig[TestMarks.Label]} of {sr.OtherConfig.GetValueOrDefault(TestMarks.Of)}", call.Cancellation);
        await RemoveAsync(self);
    }

    /// <summary>
    /// Removes what lies in the directory of tests and belongs to none that the database knows: a daemon that was killed, or whose database
    /// was restored, may have left it. To be called before anything is cloned.
    /// </summary>
    public async Task RemoveLeftoversAsync()
    {
        if (!System.IO.Directory.Exists(Directory))
        {
            return;
        }

        var config = new PbdRecord().DeviceConfig.SetItem("location", Directory);
        foreach (var driver in pool.Drivers.Values.Where(d => d.RequiredDeviceConfig is ["location"]))
        {
            try
            {
                var found = await driver.ProbeAsync(config, CancellationToken.None);
                foreach (var left in found.Where(s => pool.State.FindByUuid<SrRecord>($"{s.Uuid}").IsNull))
                {
                    await EraseAsync(driver, left.Uuid, config, CancellationToken.None);
                }

                await driver.DestroyAsync(new SrUuid(Guid.NewGuid()), config, CancellationToken.None);
            }
            catch (XenApiException e)
            {
                await pool.PostAsync(
                    new Announcement.TestLeftovers(
                        pool.State.Get(pool.Hosts.Local.Host).Uuid, Directory, string.Join(", ", e.Parameters.Prepend(e.Code))));
            }
        }
    }

    private bool ClonesInPlace(string type) => SrRows.Driver(pool, type).Features.ClonesInPlace;

    // Anybody may set a mark; where an SR lies can't be changed. One that was begun and has no connection yet has nothing on it.
    private void RequireClone(SrRecord sr)
    {
        bool IsOurs(PbdRecord pbd) => ClonesInPlace(sr.Type)
            ? pbd.DeviceConfig.GetValueOrDefault(InPlaceKey) == "true" : pbd.DeviceConfig.GetValueOrDefault("location") == Directory;
        if (!TestMarks.IsOfTest(sr.OtherConfig) || !sr.Pbds.All(p => IsOurs(pool.State.Get(p))))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The SR {sr.NameLabel} ({sr.Uuid}) is no clone for a test in {Directory}, and what is on it is not destroyed like this.");
        }
    }

    private static Ref<SrRecord> Find(Database.DatabaseState state, string label, string source) =>
        state.All<SrRecord>().FirstOrDefault(s => TestMarks.Stands(s.Record.OtherConfig, label, source)).Ref;

    private Ref<SrRecord> Record(Database.Transaction tx, Ref<SrRecord> self, SrRecord source, string type, string label)
    {
        var clone = tx.Create(new SrRecord
        {
            NameLabel = TestMarks.Name(label, source.NameLabel),
            NameDescription = "A writable clone for a test failover.",
            Type = type,
            ContentType = source.ContentType,
            OtherConfig = TestMarks.Mark(new SrRecord().OtherConfig, label, source.Uuid),
        });
        tx.Create(
            new PbdRecord
            {
                Host = pool.Hosts.Local.Host,
                Sr = clone,
                DeviceConfig = ClonesInPlace(type)
                    ? tx.Get(self).Pbds.Select(tx.Get).First(p => p.Host == pool.Hosts.Local.Host).DeviceConfig.SetItem(InPlaceKey, "true")
                    : new PbdRecord().DeviceConfig.SetItem("location", Directory),
            });
        return clone;
    }

    private async Task MakeAsync(
        Ref<SrRecord> clone, SrRecord source, ISr attached, string label, IReadOnlySet<VdiUuid>? vdis, CancellationToken cancellationToken)
    {
        var record = pool.State.Get(clone);
        var pbd = record.Pbds.Single();
        if (pool.State.Get(pbd).CurrentlyAttached && pool.Hosts.Local.Attached.Find(record.Uuid) is not null)
        {
            return;
        }

        var uuids = (await attached.ScanAsync(cancellationToken))
            .Where(v => v is { Type: Storage.VdiType.User, Unreadable: null, IsHidden: false } && vdis?.Contains(v.Uuid) != false)
            .ToDictionary(v => v.Uuid, v => TestClones.DiskOf(record, v.Uuid));
        if (!record.OtherConfig.ContainsKey(TestClones.Kind))
        {
            await WriteAsync(clone, pbd, source, attached, uuids, cancellationToken);
        }

        await pool.Database.WriteAsync(
            tx => tx.CreateAll(uuids.Where(u => tx.State.FindByUuid<VdiRecord>($"{u.Value}").IsNull)
                .Select(u => Disk(tx.Find(tx.State.FindByUuid<VdiRecord>($"{u.Key}")), clone, label, $"{u.Key}", $"{u.Value}"))),
            cancellationToken);
        await connections.PlugAsync(pbd, cancellationToken);
        await pool.Database.WriteAsync(tx => DropUnknown(tx, clone), cancellationToken);
    }

    private async Task WriteAsync(
        Ref<SrRecord> clone, Ref<PbdRecord> pbd, SrRecord source, ISr attached, Dictionary<VdiUuid, VdiUuid> uuids,
        CancellationToken cancellationToken)
    {
        var record = pool.State.Get(clone);

        // A clone that was made and not yet recorded is made again: nothing has been written to it, but the disks may have changed.
        System.IO.Directory.CreateDirectory(Directory);
        await EraseAsync(record, cancellationToken);
        var config = new SrCloneConfig
        {
            Uuid = SrRows.Uuid(record),
            DeviceConfig = DeviceSecrets.Open(pool.State, pool.State.Get(pbd).DeviceConfig),
            Vdis = uuids.Keys.ToHashSet(),
            VdiUuids = uuids,
        };
        var made = await attached.CloneWritableAsync(config, cancellationToken);
        await made.Sr.DisposeAsync();
        await pool.Database.WriteAsync(
            tx =>
            {
                tx.Update(pbd, p => p with
                {
                    DeviceConfig = p.DeviceConfig.SetItems(made.DeviceConfig.Where(c => !SecretFields.IsConnectionKey(c.Key))),
                });
                tx.Update(
                    clone,
                    s => s with
                    {
                        OtherConfig = s.OtherConfig.SetItem(
                            TestClones.Kind, made.DependsOnSource ? TestClones.Overlays : TestClones.Reflinks),
                    });
            },
            CancellationToken.None);
        await TellAsync(record, source, made);
    }

    private async Task TellAsync(SrRecord clone, SrRecord source, WritableClone made)
    {
        if (made.DependsOnSource)
        {
            await pool.PostAsync(new Announcement.TestReadsReplica(clone.Uuid, $"{source.NameLabel} ({source.Uuid})"));
        }

        if (made.Skipped.Count > 0)
        {
            await pool.PostAsync(new Announcement.TestLacksDisks(clone.Uuid, string.Join("; ", made.Skipped.Select(s => s.Unreadable))));
        }
    }

    private static VdiRecord Disk(VdiRecord? source, Ref<SrRecord> clone, string label, string of, string uuid) => new()
    {
        Uuid = uuid,
        Location = uuid,
        NameLabel = TestMarks.Name(label, source?.NameLabel ?? of),
        Sr = clone,
        Type = source?.Type is { } type and not XenApi.VdiType.Metadata ? type : XenApi.VdiType.User,
        Sharable = source?.Sharable ?? false,
        Managed = true,
        SmConfig = source?.SmConfig ?? new VdiRecord().SmConfig,
        OtherConfig = TestMarks.Mark(source?.OtherConfig ?? new VdiRecord().OtherConfig, label, of),
    };

    /// <summary>A disk that came to the SR after the clone was made has no counterpart there.</summary>
    private static void DropUnknown(Database.Transaction tx, Ref<SrRecord> clone)
    {
        foreach (var vdi in tx.Get(clone).Vdis.Where(v => tx.Get(v).Missing))
        {
            VdiRows.Delete(tx, vdi);
        }
    }

    private async Task RemoveAsync(Ref<SrRecord> reference)
    {
        var sr = pool.State.Get(reference);
        foreach (var pbd in sr.Pbds)
        {
            await connections.UnplugAsync(pbd, CancellationToken.None);
        }

        await EraseAsync(sr, CancellationToken.None);
        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var vbd in tx.Find(reference)?.Vdis.SelectMany(v => tx.Get(v).Vbds) ?? [])
                {
                    tx.Delete(vbd);
                }

                SrRows.Delete(tx, reference);
            },
            CancellationToken.None);
    }

    /// <summary>Removes what the clone has on the storage; nothing there is nothing to do.</summary>
    private async Task EraseAsync(SrRecord clone, CancellationToken cancellationToken)
    {
        if (ClonesInPlace(clone.Type) || System.IO.Directory.Exists(Directory))
        {
            await EraseAsync(
                pool.Drivers[clone.Type], SrRows.Uuid(clone), pool.State.Get(clone.Pbds.Single()).DeviceConfig, cancellationToken);
        }
    }

    private static async Task EraseAsync(
        ISrDriver driver, SrUuid uuid, IReadOnlyDictionary<string, string> config, CancellationToken cancellationToken)
    {
        try
        {
            await using var sr = await driver.AttachAsync(uuid, config, SrAccess.ReadWrite, cancellationToken);
            foreach (var vdi in await sr.ScanAsync(cancellationToken))
            {
                await sr.DestroyVdiAsync(vdi.Uuid, cancellationToken);
            }
        }
        catch (XenApiException e) when (e.Code == "SR_BACKEND_FAILURE_47")
        {
            // It is not there, but something may be of which it was to be made.
        }

        await driver.DestroyAsync(uuid, config, cancellationToken);
    }
}
