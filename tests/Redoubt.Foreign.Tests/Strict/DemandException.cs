namespace Redoubt.Foreign.Tests.Strict;

/// <summary>What genuine xapi demands of a database, as an exception that names the demand.</summary>
internal sealed class DemandException(string message) : Exception(message)
{
    public static void Unless(bool holds, string demand)
    {
        if (!holds)
        {
            throw new DemandException(demand);
        }
    }
}
