namespace Redoubt.Console;

/// <summary>What to call things.</summary>
internal static class PoolNames
{
    public static string Of(ConsolePool pool) =>
        pool.State.Find(pool.Services.Pool) is { } record ? (record.NameLabel.Length > 0 ? record.NameLabel : record.Uuid) : "";
}
