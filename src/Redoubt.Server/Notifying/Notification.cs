using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Server.Notifying;

/// <summary>What people outside are told: a message of the pool's.</summary>
/// <param name="Id">The message's UUID. One that is sent again, because nobody knows whether it has arrived, has the same.</param>
/// <param name="Name">Its name.</param>
/// <param name="Priority">How urgent it is: 1 can't wait, 5 is only worth knowing.</param>
/// <param name="Class">The class of the object that it is about.</param>
/// <param name="Uuid">That object's UUID.</param>
/// <param name="Text">What is so and what to do about it.</param>
/// <param name="At">When it was made.</param>
/// <param name="Pool">The pool's name.</param>
/// <param name="PoolUuid">The pool's UUID.</param>
internal sealed record Notification(
    string Id, string Name, long Priority, string Class, string Uuid, string Text, DateTimeOffset At, string Pool, string PoolUuid)
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Of a message.</summary>
    public static Notification Of(MessageRecord message, PoolRecord pool) => new(
        message.Uuid, message.Name, message.Priority, ClsType.Instance.Encode(message.Cls), message.ObjUuid, message.Body,
        message.Timestamp, pool.NameLabel, pool.Uuid);

    /// <summary>One that only shows whether it arrives.</summary>
    public static Notification Test(string pool, DateTimeOffset now) => new(
        $"{Guid.NewGuid():D}", "NOTIFY_TEST", 5, "Pool", "", "This is a test of Redoubt's notifications. Nothing has happened.", now,
        pool, "");

    /// <summary>As a line for people.</summary>
    public string Subject() => BriefText.OneLine($"[{Pool}] {Name} (priority {Priority})");

    /// <summary>As JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);
}
