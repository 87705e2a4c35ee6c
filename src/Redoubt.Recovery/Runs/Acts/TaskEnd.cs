using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>How a server's task ended.</summary>
/// <param name="Error">The error's code and parameters; empty if it went well.</param>
internal sealed record TaskEnd(ImmutableArray<string> Error)
{
    public void ThrowIfFailed()
    {
        if (!Error.IsEmpty)
        {
            throw new XenApiException(Error[0], [.. Error[1..]]);
        }
    }
}
