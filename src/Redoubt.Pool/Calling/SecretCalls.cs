using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Secrets: values that other records refer to by the secret's UUID, so that they are not shown with them.</summary>
internal sealed partial class SecretCalls(PoolServices pool)
{
    [Message("secret.create")]
    public Task<Ref<SecretRecord>> CreateAsync(CallContext call, SecretRecord args) =>
        pool.Database.WriteAsync(tx => tx.Create(args with { Uuid = "" }), call.Cancellation);

    [Message("secret.destroy")]
    public Task DestroyAsync(CallContext call, Ref<SecretRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            tx.Get(self);
            tx.Delete(self);
        },
        call.Cancellation);
}
