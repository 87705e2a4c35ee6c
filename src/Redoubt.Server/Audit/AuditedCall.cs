using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Audit;

/// <summary>One call that is recorded: a line of JSON, written when its outcome is known.</summary>
internal sealed class AuditedCall(
    PoolServices pool, AuditLog log, SessionState? session, IPAddress remote, string method, List<AuditedObject> objects, ClassModel? made,
    string? user = null)
{
    private const string Success = "ok";

    /// <summary>The behaviour with its outcome recorded.</summary>
    public Func<CallContext, object?[], Task<object?>> Around(Func<CallContext, object?[], Task<object?>> behaviour) =>
        (call, arguments) => RunAsync(() => behaviour(call, arguments));

    /// <summary>Does it, and records how it went.</summary>
    public async Task<object?> RunAsync(Func<Task<object?>> act)
    {
        try
        {
            var result = await act();
            if (made is not null && result is IRef { IsNull: false } reference)
            {
                objects.AddRange(AuditTrail.Describe(pool.State, made, [reference.Opaque]));
            }

            await EndAsync(Success);
            return result;
        }
        catch (Exception failure)
        {
            await EndAsync(failure);
            throw;
        }
    }

    /// <summary>Records a failure, by its code only: its parameters may repeat what the client sent.</summary>
    public Task EndAsync(Exception failure) => EndAsync(failure switch
    {
        XenApiException refusal => refusal.Code,
        OperationCanceledException => "TASK_CANCELLED",
        _ => "INTERNAL_ERROR",
    });

    /// <summary>Records the outcome.</summary>
    public async Task EndAsync(string result)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("time", pool.Time.GetUtcNow().UtcDateTime);
            json.WriteString("user", user ?? session?.Owner.OpenedBy ?? session?.UserName ?? "");
            json.WriteString("role", session is null ? "" : RoleNames.ToWire(session.Role));
            json.WriteString("session", session is null ? "" : Hash(session.Ref));
            json.WriteString("from", remote.ToString());
            json.WriteString("call", method);
            json.WriteStartArray("objects");
            foreach (var (model, uuid, name) in objects.Select(o => (o.Class, o.Uuid, o.Name)))
            {
                json.WriteStartObject();
                json.WriteString("class", model);
                json.WriteString("uuid", uuid);
                json.WriteString("name", name);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("result", result);
            json.WriteEndObject();
        }

        await log.AppendAsync(line.GetBuffer().AsSpan(0, (int)line.Length));
    }

    // Enough to tell sessions apart, useless to act as one.
    private static string Hash(Ref<SessionRecord> session) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session.Opaque)))[..16];
}
