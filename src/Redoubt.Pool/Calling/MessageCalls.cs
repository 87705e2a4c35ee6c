using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What the messages for people do.</summary>
internal sealed partial class MessageCalls(PoolServices pool)
{
    [Message("message.create")]
    public async Task<Ref<MessageRecord>> CreateAsync(CallContext call, string name, long priority, Cls cls, string objUuid, string body)
    {
        var about = ClassOf(cls);
        if (call.State.Table(about).FindByUuid(objUuid) is null)
        {
            throw new XenApiException("UUID_INVALID", about.Name, objUuid);
        }

        var made = await pool.Database.WriteAsync(
            tx => MessageLog.Add(tx, name, priority, cls, objUuid, body, pool.Time.GetUtcNow()), call.Cancellation);
        await pool.Messages.WrittenAsync(call.Cancellation);
        return made;
    }

    [Message("message.destroy")]
    public Task DestroyAsync(CallContext call, Ref<MessageRecord> self) => DestroyManyAsync(call, [self]);

    [Message("message.destroy_many")]
    public async Task DestroyManyAsync(CallContext call, ImmutableList<Ref<MessageRecord>> messages)
    {
        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var message in messages)
                {
                    tx.Get(message);
                    tx.Delete(message);
                }
            },
            call.Cancellation);
        await pool.Messages.WrittenAsync(call.Cancellation);
    }

    [Message("message.get_all")]
    public static ImmutableList<Ref<MessageRecord>> GetAll(CallContext call) => [.. call.State.All<MessageRecord>().Select(m => m.Ref)];

    [Message("message.get_record")]
    public static MessageRecord GetRecord(CallContext call, Ref<MessageRecord> self) => call.State.Get(self);

    [Message("message.get_by_uuid")]
    public static Ref<MessageRecord> GetByUuid(CallContext call, string uuid) =>
        call.State.FindByUuid<MessageRecord>(uuid) is { IsNull: false } found
        ? found
        : throw new XenApiException("UUID_INVALID", "message", uuid);

    [Message("message.get_all_records")]
    public static ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord> GetAllRecords(CallContext call) =>
        Where(call.State, _ => true);

    [Message("message.get_all_records_where")]
    public static ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord> GetAllRecordsWhere(CallContext call, string expr)
    {
        var found = Query.Select(expr, MessageRecord.Declaration, [.. call.State.All<MessageRecord>()], m => m.Record, call.Cancellation);
        return found.ToImmutableSortedDictionary(m => m.Ref, m => m.Record);
    }

    [Message("message.get_since")]
    public static ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord> GetSince(CallContext call, DateTimeOffset since) =>
        Where(call.State, m => m.Timestamp > since);

    [Message("message.get")]
    public static ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord> Get(
        CallContext call, Cls cls, string objUuid, DateTimeOffset since) =>
        Where(call.State, m => m.Cls == cls && m.ObjUuid == objUuid && m.Timestamp > since);

    private static ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord> Where(
        DatabaseState state, Func<MessageRecord, bool> matches) =>
        state.All<MessageRecord>().Where(m => matches(m.Record)).ToImmutableSortedDictionary(m => m.Ref, m => m.Record);

    private static ClassModel ClassOf(Cls cls) => cls switch
    {
        Cls.Vm => VmRecord.Declaration,
        Cls.Host => HostRecord.Declaration,
        Cls.Sr => SrRecord.Declaration,
        Cls.Pool => PoolRecord.Declaration,
        Cls.Vmpp => VmppRecord.Declaration,
        Cls.Vmss => VmssRecord.Declaration,
        Cls.PvsProxy => PvsProxyRecord.Declaration,
        Cls.Vdi => VdiRecord.Declaration,
        Cls.Certificate => CertificateRecord.Declaration,
        Cls.Unrecognized => throw new XenApiException("INVALID_VALUE", "cls", ""),
    };
}
