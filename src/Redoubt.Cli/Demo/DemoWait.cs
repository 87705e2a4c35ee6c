namespace Redoubt.Cli.Demo;

/// <summary>Waits for what must come about at a site.</summary>
internal static class DemoWait
{
    /// <summary>
    /// Waits until something is so. Guests write their consoles to files, which say nothing when they grow, and hosts don't say when they
    /// have agreed; looking ten times a second is often enough.
    /// </summary>
    /// <param name="condition">What must be so.</param>
    /// <param name="what">What is waited for, to complete "gave up waiting for".</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (!await condition())
            {
                await tick.WaitForNextTickAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException($"gave up waiting for {what}", e, cancellationToken);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, string, CancellationToken)"/>
    public static Task UntilAsync(Func<bool> condition, string what, CancellationToken cancellationToken) =>
        UntilAsync(() => Task.FromResult(condition()), what, cancellationToken);
}
