namespace Redoubt.XenApi;

/// <summary>Reads what a guest has written to its first serial port, of which a pool may keep only the end.</summary>
public static class ConsoleText
{
    /// <summary>The next piece; empty at the end. The bytes of its UTF-8 are those that were read.</summary>
    /// <param name="server">The pool.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="offset">Where to go on, in bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Where the piece begins: later than it should if what was there is not kept any more; and the piece.</returns>
    public static async Task<(long Begin, string Text)> ReadAsync(
        XenApiClient server, Ref<VmRecord> vm, long offset, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        for (var begin = offset; ;)
        {
            try
            {
                return (begin, await server.Vm.GetConsoleLogAsync(vm, begin, cancellationToken));
            }
            catch (XenApiException dropped) when (dropped.Code == "VALUE_NOT_SUPPORTED")
            {
                // Its guest has written so much that only the end is kept, perhaps while this was reading.
                begin = await server.Vm.GetConsoleLogBeginAsync(vm, cancellationToken);
            }
        }
    }
}
